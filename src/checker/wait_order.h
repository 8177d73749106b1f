// A short proof that there is no deadlock.
//
// If all who wait can be put in an order in which each waits for earlier ones
// alone, then the first will have what he wants some day, and so the next. The
// search asks for more than it must: of a semaphore that all who hold permits let
// go, of an agent without a name that it gets all its keys. So it may find none
// where there is no deadlock either, and then the whole graph has to be looked at.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "checker/lock_model_state.h"

namespace checker {

class WaitOrder {
 public:
  explicit WaitOrder(const ModelState& state);

  /// Whether one was found. To be asked once.
  bool exists();

 private:
  enum class Mark : std::uint8_t { New, Open, Placed };
  struct Agent {
    std::vector<const ModelClaim*> waits;
    Mark mark = Mark::New;
  };

  Agent* agent_of(const ModelClaim& claim);
  bool place(Agent& agent);
  bool place_those_before(const Agent& agent, const ModelClaim& waiter,
                          const command::KeyMode& wanted);

  const ModelState& state_;
  absl::flat_hash_map<std::pair<std::uint64_t, std::string_view>, std::size_t> named_;
  absl::flat_hash_map<std::uint64_t, std::size_t> lonely_;  ///< by claim: those that are no agent's
  std::vector<Agent> agents_;
  int depth_ = 0;
};

}  // namespace checker
