// The grants that a history shows, gathered from its answers.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "checker/reading.h"

namespace checker {

enum class Ground : std::uint8_t { Lock, Semaphore, Election, Task };

/// A key of one of the name spaces.
using Spot = std::pair<Ground, std::string>;

/// One token and all that was said about it.
struct Hold {
  std::uint64_t token = 0;
  Place granted = 0;                         ///< the operation that it was first told to
  std::vector<std::pair<Spot, bool>> spots;  ///< with whether it is shared
  std::int64_t permits = 1;
  bool has_owner = false;   ///< who may have been granted it before anybody was told
  std::uint64_t alive = 0;  ///< the greatest index at which it is known to have been held
  Place seen_alive = 0;     ///< by whom
  /// LOCK.DOWNGRADE: from then on others may share this key.
  std::map<std::string, std::uint64_t> exclusive_until;
};

/// A wait or a try for one key, exclusive and of no other options that change its place.
struct Candidate {
  Place place = 0;
  std::uint8_t priority = 0;
  std::uint64_t token = 0;                          ///< 0: it was not granted, as far as is known
  std::uint64_t arrived_after = 0;                  ///< an index before its arrival
  std::uint64_t arrived_until = ~std::uint64_t{0};  ///< an index at or after its arrival
};

struct Grants {
  explicit Grants(const Reading& reading);

  std::vector<Hold> holds;                             ///< as first seen
  std::map<std::string, std::int64_t> greatest_limit;  ///< of semaphores, ever named
  std::map<Spot, std::vector<Candidate>> candidates;
  /// A token that was told to two who are not one: the earlier hold and who was told it again.
  std::vector<std::pair<std::size_t, Place>> told_twice;

 private:
  void read(Place place, const command::Command& asked);
  void grant(Place place, std::vector<std::pair<Spot, bool>> spots, std::int64_t permits);
  void live(Place place, std::uint64_t token, bool is_after);
  void compete(Place place, const Spot& spot, std::uint8_t priority);
  std::string owner_of(Place place) const;

  const Reading& reading_;
  absl::flat_hash_map<std::uint64_t, std::size_t> by_token_;
};

}  // namespace checker
