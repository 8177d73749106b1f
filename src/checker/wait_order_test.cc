// Circles, and what only looks like one.
#include "checker/wait_order.h"

#include <gtest/gtest.h>

#include "checker/wait_graph.h"

namespace checker {
namespace {

class WaitOrderTest : public testing::Test {
 protected:
  /// A hold or a wait of one key by a session, as an agent of it.
  ModelClaim& add(std::uint64_t session, Realm realm, const std::string& key, bool holds,
                  const std::string& agent = "") {
    ModelClaim claim;
    claim.id = ++last_;
    claim.virtual_arrival = static_cast<std::int64_t>(last_);
    claim.realm = realm;
    claim.keys = {{key, false}};
    claim.origin = {"user", 1, session};
    claim.agent = agent;
    ModelClaim& added = state_.claims.add(claim);
    if (holds) state_.claims.give(added, added.id);
    return added;
  }
  ModelClaim& hold(std::uint64_t session, const std::string& key, const std::string& agent = "") {
    return add(session, Realm::Lock, key, true, agent);
  }
  ModelClaim& wait(std::uint64_t session, const std::string& key, const std::string& agent = "") {
    return add(session, Realm::Lock, key, false, agent);
  }
  bool has_order() const { return WaitOrder(state_).exists(); }
  bool is_stuck() const { return WaitGraph(state_).is_anybody_stuck(); }

  ModelState state_;
  std::uint64_t last_ = 0;
};

TEST_F(WaitOrderTest, a_chain_has_one) {
  hold(1, "a");
  hold(2, "b");
  wait(2, "a");
  wait(3, "b");
  wait(4, "b");
  EXPECT_TRUE(has_order());
  EXPECT_FALSE(is_stuck());
}

TEST_F(WaitOrderTest, a_circle_of_two_has_none) {
  hold(1, "a");
  hold(2, "b");
  wait(2, "a");
  wait(1, "b");
  EXPECT_FALSE(has_order());
  EXPECT_TRUE(is_stuck());
}

TEST_F(WaitOrderTest, a_circle_by_a_place_in_a_queue_has_none) {
  hold(1, "a");
  hold(2, "b");
  wait(2, "a");
  wait(3, "a");
  hold(3, "c");
  wait(4, "b");
  ModelClaim& last = wait(1, "c");
  EXPECT_FALSE(has_order());
  EXPECT_TRUE(is_stuck());
  state_.claims.remove(last.id);
  EXPECT_TRUE(has_order());
}

TEST_F(WaitOrderTest, who_shares_waits_for_nobody_who_shares) {
  ModelClaim& held = hold(1, "a");
  held.keys.front().shared = true;
  hold(2, "b");
  ModelClaim& reader = wait(2, "a");
  reader.keys.front().shared = true;
  wait(1, "b");
  EXPECT_TRUE(has_order());
  EXPECT_FALSE(is_stuck());
}

TEST_F(WaitOrderTest, two_agents_of_a_session_can_be_a_circle) {
  hold(1, "a", "x");
  hold(1, "b", "y");
  wait(1, "a", "y");
  ModelClaim& last = wait(1, "b", "x");
  EXPECT_FALSE(has_order());
  EXPECT_TRUE(is_stuck());
  state_.claims.remove(last.id);
  EXPECT_TRUE(has_order());
}

TEST_F(WaitOrderTest, of_permits_the_order_asks_for_more_than_the_graph) {
  state_.semaphores.push_back({1, "pool", 2, {}});
  add(1, Realm::Semaphore, "pool", true);
  add(2, Realm::Semaphore, "pool", true);
  hold(3, "a");
  add(3, Realm::Semaphore, "pool", false);
  wait(1, "a");
  EXPECT_FALSE(has_order());
  EXPECT_FALSE(is_stuck()) << "the permit of session 2 is enough";
  wait(2, "a");
  EXPECT_TRUE(is_stuck());
}

TEST_F(WaitOrderTest, a_chain_longer_than_the_search_goes_is_left_to_the_graph) {
  constexpr std::uint64_t kAgents = 1'000;
  for (std::uint64_t i = 1; i <= kAgents; ++i) hold(i, "k" + std::to_string(i));
  for (std::uint64_t i = 1; i < kAgents; ++i) wait(i, "k" + std::to_string(i + 1));
  EXPECT_FALSE(has_order());
}

}  // namespace
}  // namespace checker
