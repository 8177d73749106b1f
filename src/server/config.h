// What the operator decides: from the command line, and from a TOML file.
//
//     listen = ["127.0.0.1:7420"]     # host:port, several allowed; port 0: any free one
//     unix = "/run/turnstile.sock"
//     data = "/var/lib/turnstile"
//     journal = "file"                # or "memory", or "etcd://HOST:PORT,.../PREFIX"
//     advertise = "127.0.0.1:7420"    # where other nodes and clients reach this one
//     segment_bytes = 16777216
//     keep_all_segments = false
//     compaction_bytes_min = 67108864
//     replay_bytes_max = 4294967296
//     ageing_step_ms = 1000
//     log_level = "info"
//     [etcd]                          # beside journal = "etcd://..."
//     ca = "/etc/turnstile/etcd-ca.pem"
//     certificate = "/etc/turnstile/etcd-client.pem"
//     key = "/etc/turnstile/etcd-client.key"
//     user = "turnstile"
//     password_file = "/etc/turnstile/etcd-password"
//     quota_bytes = 2147483648        # etcd's --quota-backend-bytes
//     [limits]                        # any name of the limits table
//     connections = 10000
//
// What the command line says goes before what the file says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "command/command.h"

namespace server {

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

enum class JournalKind { File, Memory, Etcd };

/// Where the journal of a cluster is kept.
struct EtcdSettings {
  std::vector<std::string> members;  ///< HOST:PORT
  std::string prefix;                ///< of all keys
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  std::string user;
  std::string password_file;
  std::int64_t quota_bytes = std::int64_t{2} << 30;
};

struct Config {
  std::vector<Address> listen = {{"127.0.0.1", 7420}};
  std::string unix_path;  ///< empty: no Unix socket
  std::string data_dir = "turnstile-data";
  JournalKind journal = JournalKind::File;
  EtcdSettings etcd;
  std::string advertise;  ///< HOST:PORT of this node in its cluster
  std::uint64_t segment_bytes = 16 << 20;
  bool keep_all_segments = false;
  std::uint64_t compaction_bytes_min = 64 << 20;  ///< of closed segments; with fewer none begins
  std::uint64_t replay_bytes_max = std::uint64_t{4} << 30;  ///< beyond it nothing new is taken on
  std::string port_file;  ///< where the TCP ports are written once they listen; empty: nowhere
  std::string log_level = "info";
  command::Rules rules;
};

/// What the command line gave; nothing: not given.
struct ServeOptions {
  std::optional<std::string> config_path;
  std::vector<std::string> listen;  ///< HOST:PORT; "none" alone: no TCP
  std::optional<std::string> unix_path;
  std::optional<std::string> data_dir;
  std::optional<std::string> journal;
  std::optional<std::string> advertise;
  std::optional<std::string> port_file;
  std::optional<std::string> log_level;
};

/// Reads the file, if one is named, and puts the options over it. Fault::Config or Fault::Usage
/// with a sentence that names the setting.
base::Result<Config> load_config(const ServeOptions& options);

/// "host:port", "[v6]:port". Fault::Usage if it is neither.
base::Result<Address> parse_address(const std::string& text);

}  // namespace server
