// Who waits for whom, from end to end: the whole graph, without any of the machine's
// short cuts, to judge its verdicts of deadlock by.
//
// Whoever does not wait will let go of what he holds some day, then whoever waits for
// these alone, and so on. Who is left is stuck. A permit comes free if enough others
// let go, so it is counted; all else must be free altogether.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <boost/dynamic_bitset.hpp>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "checker/lock_model_state.h"

namespace checker {

class WaitGraph {
 public:
  explicit WaitGraph(const ModelState& state);

  bool is_anybody_stuck() const { return stuck_.any(); }
  /// Whether it waits in a cycle of those who are stuck, in which nobody who waits is of lower
  /// priority, or of the same and younger.
  bool is_victim(const ModelClaim& waiter) const;

 private:
  static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);
  using Agents = boost::dynamic_bitset<>;

  /// A claim that counts: it holds, or waits for keys that are open.
  struct Node {
    const ModelClaim* claim = nullptr;
    std::size_t agent = kNobody;
    Agents in_the_way;  ///< of those that hold or come before; of permits only who comes before
    Agents permits;     ///< of those that hold permits of the semaphore it waits for
  };

  std::size_t agent_of(const ModelClaim& claim);
  std::vector<const Node*> nodes_about(Realm realm, std::string_view key) const;
  bool waits_for_itself(const Node& waiter, std::string_view key) const;
  void add_obstacles(const Node& waiter, const command::KeyMode& wanted, Node& found) const;
  bool may_go(const Node& waiter) const;
  bool fits(const Node& waiter, std::int64_t permits) const;
  void let_go();

  const ModelState& state_;
  std::vector<Node> nodes_;
  absl::flat_hash_map<std::uint64_t, std::size_t> node_of_;  ///< by claim
  absl::flat_hash_map<std::uint64_t, int> unnamed_;          ///< waits without an agent, by session
  absl::flat_hash_map<std::pair<std::uint64_t, std::string_view>, std::size_t> agents_;
  Agents stuck_;
};

}  // namespace checker
