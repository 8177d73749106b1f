// The text of INFO: sections of `name:value` lines, as Redis users know it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "journal/archive.h"
#include "server/cluster/topology.h"
#include "server/network.h"
#include "server/pipeline.h"

namespace server {

/// What only the server as a whole knows.
struct Facts {
  base::Time now;
  base::Duration uptime;
  std::vector<std::uint16_t> ports;
  std::string unix_path;
  std::string data_dir;                ///< empty: the journal is not in files
  const Topology* topology = nullptr;  ///< of a cluster
  Network::Counters network;
  std::size_t connections = 0;
  bool stopping = false;
  bool overloaded = false;
  std::optional<journal::Archive::Sizes> archive;
  std::uint64_t compactions = 0;
  bool compacting = false;
};

/// All sections, or the named ones: server, clients, locks, journal. An unknown name adds nothing.
std::string describe(const Facts& facts, const Pipeline& pipeline,
                     std::span<const std::string> sections);

}  // namespace server
