// The cluster as one node knows it, and the answers that clients get from that.
// It may be out of date; nothing but where a client asks next depends on it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "command/errors.h"
#include "command/reply.h"
#include "command/request.h"
#include "journal/shared_log.h"

namespace server {

struct Topology {
  std::string self;                          ///< HOST:PORT of this node
  std::function<std::uint64_t()> epoch_led;  ///< of this node; 0: it does not lead
  std::function<bool()> is_cut_off;          ///< it leads, and the store does not answer it
  std::vector<std::string> members;          ///< that are alive, sorted
  journal::Leadership leader;                ///< epoch 0: nobody, as far as is known
  journal::LogPosition position;             ///< of this node
  journal::Tail tail;
  journal::SavedSnapshot snapshot;
  journal::StoreHealth store;  ///< as the leader last saw it
  bool is_leading = false;     ///< this node serves
  bool is_caught_up = false;   ///< or stands ready to
  std::uint64_t terms = 0;     ///< how often this process came to lead
};

/// What a node that does not lead says to a command on a name in that slot.
command::Refused redirect(const Topology& topology, std::uint16_t slot);

/// The answer to CLUSTER SLOTS|SHARDS|MYID|INFO|EPOCH.
command::Value answer(const Topology& topology, command::ClusterQuery::About about);

/// `name:value` lines, as INFO and CLUSTER INFO have them.
std::string describe(const Topology& topology);

}  // namespace server
