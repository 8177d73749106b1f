// Every limit on tasks, at the limit and one past it.
#include "state/test_machine.h"

namespace state {
namespace {

class FlowLimitsTest : public testing::Test {
 protected:
  void limit(std::int64_t command::Limits::* which, std::int64_t value) {
    command::Rules rules;
    rules.limits.*which = value;
    world.configure(rules);
  }
  bool names_limit(const std::string& name) {
    return world.sentence().find(name) != std::string::npos;
  }

  World world;
  Client alice{world, "alice"};
};

TEST_F(FlowLimitsTest, flows) {
  limit(&command::Limits::flows, 2);
  EXPECT_EQ(alice.run("TASK.ADD f1 a"), "OK");
  EXPECT_EQ(alice.run("TASK.ADD f2 a"), "OK");
  EXPECT_EQ(alice.run("TASK.ADD f3 a"), "LIMIT");
  EXPECT_TRUE(names_limit("(flows)"));
  EXPECT_EQ(alice.run("TASK.ADD f2 b"), "OK") << "a task more in a flow that is known";
}

TEST_F(FlowLimitsTest, tasks_per_flow_count_placeholders_too) {
  limit(&command::Limits::tasks_per_flow, 3);
  EXPECT_EQ(alice.run("TASK.ADD f c AFTER 3 a b x"), "LIMIT");
  EXPECT_TRUE(names_limit("(tasks_per_flow)"));
  EXPECT_EQ(alice.run("TASK.ADD f c AFTER 2 a b"), "OK");
  EXPECT_EQ(alice.run("TASK.ADD f d"), "LIMIT");
  EXPECT_EQ(alice.run("TASK.ADD f a"), "OK") << "it was named before";
}

TEST_F(FlowLimitsTest, successors) {
  limit(&command::Limits::successors, 2);
  alice.run("TASK.ADD f a");
  EXPECT_EQ(alice.run("TASK.ADD f b AFTER 1 a"), "OK");
  EXPECT_EQ(alice.run("TASK.ADD f c AFTER 1 a"), "OK");
  EXPECT_EQ(alice.run("TASK.ADD f d AFTER 1 a"), "LIMIT");
  EXPECT_TRUE(names_limit("(successors)"));
  EXPECT_EQ(alice.run("TASK.ADD f d AFTER 1 b"), "OK");
}

TEST_F(FlowLimitsTest, the_bytes_of_all_flows_bound_what_is_added_and_not_what_ends) {
  alice.run("TASK.JOIN f a");
  const std::int64_t bytes = world.machine().flows().bytes();
  limit(&command::Limits::flow_bytes, bytes + 1);
  EXPECT_EQ(alice.run("TASK.ADD f b INPUT x"), "LIMIT");
  EXPECT_TRUE(names_limit("(flow_bytes)"));
  EXPECT_EQ(alice.run("TASK.ADD f b"), "OK");
  EXPECT_EQ(alice.run("TASK.ADD f c"), "LIMIT");
  EXPECT_EQ(alice.run("TASK.JOIN f c"), "LIMIT");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 1 a-result-that-takes-room"), "1");
  EXPECT_EQ(alice.run("FLOW.CANCEL f"), "1");
  EXPECT_EQ(alice.run("FLOW.CLOSE f"), "1");
  EXPECT_EQ(world.machine().flows().bytes(), 0);
  EXPECT_EQ(alice.run("TASK.ADD g a"), "OK") << "closed flows make room";
}

TEST_F(FlowLimitsTest, results_of_predecessors_that_have_ended) {
  limit(&command::Limits::results_bytes, 4);
  alice.run("TASK.JOIN f a AFTER 0");
  alice.run("TASK.COMPLETE f a 2 123");
  alice.run("TASK.JOIN f b AFTER 0");
  alice.run("TASK.COMPLETE f b 4 12");
  EXPECT_EQ(alice.run("TASK.ADD f c AFTER 2 a b"), "LIMIT");
  EXPECT_TRUE(names_limit("(results_bytes)"));
  EXPECT_EQ(alice.run("TASK.ADD f c AFTER 1 a"), "OK");
}

TEST_F(FlowLimitsTest, how_long_an_ended_flow_is_kept_is_set) {
  limit(&command::Limits::flow_retention_ms, 5);
  alice.run("TASK.JOIN f a");
  alice.run("TASK.COMPLETE f a 2 x");
  world.advance(4);
  EXPECT_EQ(world.machine().flows().all().size(), 1U);
  world.advance(1);
  EXPECT_EQ(world.machine().flows().all().size(), 0U);
}

TEST_F(FlowLimitsTest, the_newest_sixteen_attempts_are_remembered) {
  alice.run("TASK.JOIN f a ATTEMPTS 1");
  std::uint64_t token = 1;
  for (int i = 0; i < 20; ++i) {
    token = world.machine().flows().find("f", "a")->token;
    ASSERT_EQ(alice.run(fmt::format("TASK.RELEASE f a {}", token)), "1");
    ASSERT_TRUE(alice.run("TASK.JOIN f a").starts_with("attempt 1 "));
  }
  EXPECT_EQ(world.machine().flows().find("f", "a")->history.size(), 16U);
  EXPECT_EQ(alice.run(fmt::format("TASK.RELEASE f a {}", token)), "0");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 1 x"), "STALE unknown");
}

}  // namespace
}  // namespace state
