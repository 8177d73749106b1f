// The shared log on etcd (docs/adr/0009). How it is laid out is in layout.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "journal/etcd/client.h"
#include "journal/shared_log.h"

namespace journal {

struct EtcdLogOptions {
  etcd::Access access;
  std::string password_file;  ///< its first line is the user's password; empty: none
  std::string prefix;         ///< of all keys, without slashes at its ends
  std::string node;           ///< this node's name: HOST:PORT where the others and clients reach it
  /// Of the node's lease; etcd may make it longer.
  base::Duration lease_ttl = base::Duration::from_seconds(5);
};

/// Reaches etcd, and makes the log if there is none. Fault::Unavailable: etcd does not answer
/// within half a minute. Fault::Config: it refuses, or the log is of another format.
base::Result<std::unique_ptr<SharedLog>> open_etcd_log(const EtcdLogOptions& options);

}  // namespace journal
