// Tasks: every state, every way from one to the next, and what is said of them.
#include "state/test_machine.h"

namespace state {
namespace {

class FlowTest : public testing::Test {
 protected:
  FlowTest() {
    world.configure({});
    alice.open(60'000, "alice");
    bob.open(60'000, "bob");
  }

  std::string state_of(const std::string& task) {
    const Task* found = world.machine().flows().find("f", task);
    return found == nullptr ? "unknown" : std::string(state_name(found->state));
  }

  World world;
  Client alice{world, "alice"};
  Client bob{world, "bob"};
};

// The seven steps: 1 a client asks to join, 2 it is put into the queue, 3 the predecessor completes
// and its result is sent, 4 the client runs its task, 5 it reports, 6 it leaves, 7 the next waits.
// Complaint: T2 (docs/complaints.md).
TEST_F(FlowTest, each_step_is_handed_the_result_of_the_one_before) {
  EXPECT_EQ(alice.run("TASK.JOIN f authorise"), "attempt 1 of f/authorise token 4");
  EXPECT_EQ(bob.run("TASK.JOIN f capture WAIT 60000"), "waiting 5");
  EXPECT_EQ(alice.run("TASK.COMPLETE f authorise 4 code-17"), "1");
  EXPECT_EQ(world.events(),
            (Events{"bob: attempt 1 of f/capture token 6 authorise completed 'code-17'"}));
  EXPECT_EQ(alice.run("TASK.JOIN f ledger WAIT 60000"), "waiting 7");
  EXPECT_EQ(bob.run("TASK.COMPLETE f capture 6 done"), "1");
  EXPECT_EQ(world.events(),
            (Events{"alice: attempt 1 of f/ledger token 8 capture completed 'done'"}));
  EXPECT_EQ(alice.run("TASK.COMPLETE f ledger 8 posted"), "1");
  EXPECT_EQ(state_of("ledger"), "completed");
}

TEST_F(FlowTest, a_client_joins_before_the_predecessor_exists) {
  EXPECT_EQ(bob.run("TASK.JOIN f capture AFTER 1 authorise WAIT 60000"), "waiting 4");
  EXPECT_EQ(state_of("authorise"), "undeclared");
  EXPECT_EQ(alice.run("TASK.JOIN f authorise"), "attempt 1 of f/authorise token 5");
  alice.run("TASK.COMPLETE f authorise 5 ok");
  EXPECT_EQ(world.events(),
            (Events{"bob: attempt 1 of f/capture token 6 authorise completed 'ok'"}));
}

TEST_F(FlowTest, a_joiner_finds_the_result_of_a_task_that_ended_before_it_came) {
  alice.run("TASK.JOIN f a");
  alice.run("TASK.COMPLETE f a 4 ok");
  EXPECT_EQ(bob.run("TASK.JOIN f b"), "attempt 1 of f/b token 6 a completed 'ok'");
}

TEST_F(FlowTest, a_graph_starts_what_has_all_its_predecessors) {
  alice.run("TASK.ADD f debit AFTER 0");
  alice.run("TASK.ADD f credit AFTER 0");
  EXPECT_EQ(bob.run("TASK.JOIN f done AFTER 2 debit credit WAIT 60000"), "waiting 6");
  EXPECT_EQ(alice.run("TASK.TAKE 2 debit credit"), "attempt 1 of f/debit token 7");
  EXPECT_EQ(alice.run("TASK.TAKE 2 debit credit"), "attempt 1 of f/credit token 8");
  alice.run("TASK.COMPLETE f credit 8 c");
  EXPECT_EQ(world.events(), Events{});
  alice.run("TASK.COMPLETE f debit 7 d");
  EXPECT_EQ(world.events(),
            (Events{"bob: attempt 1 of f/done token 10 debit completed 'd' credit completed 'c'"}));
}

// Complaints: T5, T6 (docs/complaints.md).
TEST_F(FlowTest, who_shares_a_predecessor_starts_with_it_and_is_waited_for_once) {
  alice.run("TASK.JOIN f a");
  for (const char* name : {"b", "c", "d"}) {
    alice.run(fmt::format("TASK.ADD f {} AFTER 1 a", name));
  }
  EXPECT_EQ(bob.run("TASK.JOIN f e AFTER 3 b c d WAIT 60000"), "waiting 8");
  alice.run("TASK.COMPLETE f a 4 x");
  for (const char* name : {"b", "c", "d"}) EXPECT_EQ(state_of(name), "ready") << name;
  EXPECT_EQ(alice.run("TASK.TAKE 3 b c d"), "attempt 1 of f/b token 10 a completed 'x'");
  EXPECT_EQ(alice.run("TASK.TAKE 3 b c d"), "attempt 1 of f/c token 11 a completed 'x'");
  EXPECT_EQ(alice.run("TASK.TAKE 3 b c d"), "attempt 1 of f/d token 12 a completed 'x'");
  alice.run("TASK.COMPLETE f d 12 3");
  alice.run("TASK.COMPLETE f b 10 1");
  EXPECT_EQ(world.events(), Events{});
  alice.run("TASK.COMPLETE f c 11 2");
  EXPECT_EQ(world.events(), (Events{"bob: attempt 1 of f/e token 15 b completed '1' c completed "
                                    "'2' d completed '3'"}));
}

// Complaints: T16, T17 (docs/complaints.md).
TEST_F(FlowTest, a_join_runs_with_the_last_of_its_predecessors_and_not_before) {
  constexpr int kForks = 128;
  std::string join = fmt::format("TASK.ADD f join AFTER {}", kForks);
  for (int n = 0; n < kForks; ++n) {
    alice.run(fmt::format("TASK.ADD f fork{} AFTER 0 PRIORITY {}", n, n % 10));
    join += fmt::format(" fork{}", n);
  }
  EXPECT_EQ(alice.run(join), "OK");
  for (int n = 0; n < kForks; ++n) {
    const int fork = (n * 37 + 5) % kForks;  // in another order than they were named
    EXPECT_EQ(state_of("join"), "pending") << n << " of " << kForks << " have ended";
    alice.run(fmt::format("TASK.TAKE 1 fork{}", fork));
    const std::uint64_t token = world.machine().last_index();
    EXPECT_EQ(alice.run(fmt::format("TASK.COMPLETE f fork{} {} r", fork, token)), "1");
  }
  EXPECT_EQ(state_of("join"), "ready");
}

TEST_F(FlowTest, an_edge_that_closes_a_cycle_is_refused_when_it_arrives) {
  alice.run("TASK.ADD f b AFTER 1 a");
  alice.run("TASK.ADD f c AFTER 1 b");
  EXPECT_EQ(alice.run("TASK.ADD f a AFTER 1 c"), "CONFLICT");
  EXPECT_NE(world.sentence().find("\"a\" after \"c\" after \"b\" after \"a\""), std::string::npos)
      << world.sentence();
  EXPECT_EQ(alice.run("TASK.ADD f a AFTER 0"), "OK");
}

TEST_F(FlowTest, a_later_declaration_may_leave_out_but_not_say_otherwise) {
  EXPECT_EQ(alice.run("TASK.ADD f a TIMEOUT 5000 ATTEMPTS 2 INPUT x"), "OK");
  EXPECT_EQ(alice.run("TASK.ADD f a"), "OK");
  EXPECT_FALSE(world.outcome().changed);
  EXPECT_EQ(alice.run("TASK.ADD f a TIMEOUT 5000"), "OK");
  EXPECT_EQ(alice.run("TASK.ADD f a TIMEOUT 5001"), "CONFLICT");
  EXPECT_EQ(alice.run("TASK.ADD f a AFTER 0"), "OK");
  EXPECT_EQ(alice.run("TASK.ADD f a AFTER 1 x"), "CONFLICT");
  EXPECT_EQ(alice.run("TASK.ADD f a DEADLINE 86400000"), "OK") << "the default, said";
  EXPECT_EQ(alice.run("TASK.ADD f a WHEN ENDED"), "CONFLICT");
  EXPECT_EQ(alice.run("TASK.ADD f a PRIORITY 1"), "CONFLICT");
  EXPECT_EQ(alice.run("TASK.ADD f b AFTER 2 a c"), "OK");
  EXPECT_EQ(alice.run("TASK.ADD f b AFTER 2 c a"), "OK") << "as a set";
}

TEST_F(FlowTest, the_default_link_goes_to_the_task_declared_last) {
  alice.run("TASK.ADD f a");
  alice.run("TASK.ADD f c AFTER 1 b");  // b is a placeholder, and not declared last
  alice.run("TASK.ADD f d");
  const Task* d = world.machine().flows().find("f", "d");
  ASSERT_EQ(d->predecessors.size(), 1U);
  EXPECT_EQ(d->predecessors.front()->name, "c");
  alice.run("TASK.ADD f b");  // it was named as a predecessor: it gets no link
  EXPECT_TRUE(world.machine().flows().find("f", "b")->predecessors.empty());
  EXPECT_EQ(state_of("b"), "ready");
}

TEST_F(FlowTest, a_failure_skips_what_needs_it_and_starts_what_is_for_it) {
  alice.run("TASK.JOIN f pay");
  alice.run("TASK.ADD f ship AFTER 1 pay");
  alice.run("TASK.ADD f bill AFTER 1 ship");
  alice.run("TASK.ADD f refund AFTER 1 bill WHEN FAILED");
  alice.run("TASK.ADD f tell AFTER 1 bill WHEN ENDED");
  alice.run("TASK.ADD f undo AFTER 1 tell WHEN FAILED");
  EXPECT_EQ(bob.run("TASK.JOIN f bill WAIT 60000"), "waiting 10");
  EXPECT_EQ(alice.run("TASK.FAIL f pay 4 declined"), "1");
  EXPECT_EQ(world.events(), (Events{"bob: ENDED"}));
  EXPECT_EQ(state_of("ship"), "skipped");
  EXPECT_EQ(state_of("bill"), "skipped");
  EXPECT_EQ(state_of("refund"), "ready");
  EXPECT_EQ(state_of("tell"), "ready");
  EXPECT_EQ(world.machine().flows().find("f", "bill")->cause, "\"pay\" failed: declined");
  EXPECT_EQ(bob.run("TASK.TAKE 1 tell"),
            "attempt 1 of f/tell token 12 bill skipped '\"pay\" failed: declined'");
  bob.run("TASK.COMPLETE f tell 12 told");
  EXPECT_EQ(state_of("undo"), "skipped") << "none of its predecessors failed";
  EXPECT_EQ(alice.run("TASK.JOIN f ship"), "ENDED");
}

// Complaint: T13 (docs/complaints.md).
TEST_F(FlowTest, a_chain_of_a_thousand_is_skipped_in_one_entry) {
  alice.run("TASK.JOIN f first");
  for (int i = 0; i < 1'000; ++i) {
    command::TaskAdd add;
    add.flow = "f";
    add.task = fmt::format("t{}", i);
    ASSERT_EQ(alice.say(add), "OK");
  }
  alice.run("TASK.FAIL f first 4 no");
  EXPECT_EQ(state_of("t999"), "skipped");
  EXPECT_EQ(world.machine().flows().find("f")->unended, 0);
}

TEST_F(FlowTest, a_time_out_makes_the_next_candidates_attempt) {
  EXPECT_EQ(alice.run("TASK.JOIN f a TIMEOUT 1000 BACKOFF 0"), "attempt 1 of f/a token 4");
  EXPECT_EQ(bob.run("TASK.JOIN f a WAIT 60000"), "waiting 5");
  world.advance(1'000);
  EXPECT_EQ(world.events(), (Events{"alice: lost 4", "bob: attempt 2 of f/a token 6"}));
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 4 late"), "STALE overtaken:");
  EXPECT_TRUE(world.outcome().changed) << "that it came is recorded";
  EXPECT_EQ(world.machine().flows().find("f", "a")->history.front().late, "completed");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 4 late"), "STALE overtaken:");
  EXPECT_FALSE(world.outcome().changed) << "once";
  EXPECT_EQ(bob.run("TASK.COMPLETE f a 6 mine"), "1");
}

TEST_F(FlowTest, a_late_completion_counts_if_nobody_took_over) {
  alice.run("TASK.JOIN f a TIMEOUT 1000 BACKOFF 10000");
  world.advance(1'000);
  EXPECT_EQ(state_of("a"), "delayed");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 4 late"), "1");
  EXPECT_EQ(state_of("a"), "completed");
}

TEST_F(FlowTest, a_completion_needs_no_session_but_the_user) {
  Client other(world, "other");
  Client thief(world, "thief");
  thief.user("mallory");
  alice.run("TASK.JOIN f a");
  EXPECT_EQ(thief.run("TASK.COMPLETE f a 4 x"), "NOTHOLDER");
  EXPECT_EQ(other.run("TASK.COMPLETE f a 4 x"), "1");
}

TEST_F(FlowTest, the_same_completion_again_is_a_success_and_another_is_a_conflict) {
  alice.run("TASK.JOIN f a");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 4 x"), "1");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 4 x"), "0");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 4 y"), "CONFLICT");
  EXPECT_EQ(alice.run("TASK.FAIL f a 4 y"), "CONFLICT");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 3 x"), "STALE unknown");
  EXPECT_EQ(alice.run("TASK.COMPLETE g a 4 x"), "STALE gone");
}

TEST_F(FlowTest, a_lost_session_is_a_lost_attempt) {
  Client carol(world, "carol");
  carol.open(1'000);
  EXPECT_EQ(carol.run("TASK.JOIN f a BACKOFF 0"), "attempt 1 of f/a token 5");
  EXPECT_EQ(bob.run("TASK.TAKE 1 a WAIT 60000"), "waiting 6");
  world.advance(2'000);
  EXPECT_EQ(world.events(), (Events{"session 4 expired", "bob: attempt 2 of f/a token 7"}));
}

TEST_F(FlowTest, used_up_attempts_are_an_unknown_outcome_that_holds_the_flow) {
  alice.run("TASK.JOIN f a TIMEOUT 1000 ATTEMPTS 2 BACKOFF 0");
  alice.run("TASK.ADD f b WHEN ENDED");
  world.advance(1'000);
  EXPECT_EQ(alice.run("TASK.JOIN f a"), "attempt 2 of f/a token 7");
  world.advance(1'000);
  EXPECT_EQ(state_of("a"), "dead");
  EXPECT_EQ(state_of("b"), "pending") << "dead is not ended";
  EXPECT_EQ(bob.run("TASK.REDRIVE f a"), "1");
  EXPECT_EQ(state_of("a"), "ready");
  EXPECT_EQ(bob.run("TASK.REDRIVE f a"), "0");
  EXPECT_EQ(bob.run("TASK.TAKE 1 a"), "attempt 1 of f/a token 10");
  EXPECT_EQ(bob.run("TASK.COMPLETE f a 10 ok"), "1");
  EXPECT_EQ(state_of("b"), "ready");
}

TEST_F(FlowTest, late_truth_heals_a_dead_task) {
  alice.run("TASK.JOIN f a TIMEOUT 1000 ATTEMPTS 1");
  alice.run("TASK.ADD f b");
  world.advance(1'000);
  EXPECT_EQ(state_of("a"), "dead");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 4 done"), "1");
  EXPECT_EQ(state_of("b"), "ready");
}

TEST_F(FlowTest, a_dead_task_may_be_skipped_instead) {
  alice.run("TASK.JOIN f a TIMEOUT 1000 ATTEMPTS 1 ONDEAD SKIP");
  alice.run("TASK.ADD f b WHEN ENDED");
  alice.run("TASK.ADD f c AFTER 1 a WHEN FAILED");
  world.advance(1'000);
  EXPECT_EQ(state_of("a"), "skipped");
  EXPECT_EQ(state_of("b"), "ready");
  EXPECT_EQ(state_of("c"), "skipped") << "an unknown outcome is not compensated by itself";
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 4 late"), "STALE timed");
}

TEST_F(FlowTest, a_deadline_ends_whatever_the_task_is_doing) {
  alice.run("TASK.ADD f idle AFTER 0 DEADLINE 1000");
  alice.run("TASK.ADD f behind AFTER 1 nobody DEADLINE 1000");
  alice.run("TASK.JOIN f busy AFTER 0 DEADLINE 1000");
  world.advance(1'000);
  const auto& flows = world.machine().flows();
  EXPECT_EQ(flows.find("f", "idle")->cause, "no executor by its deadline");
  EXPECT_EQ(flows.find("f", "behind")->cause, "its predecessors had not ended by its deadline");
  EXPECT_EQ(flows.find("f", "busy")->cause, "its deadline passed during attempt 1");
  EXPECT_EQ(world.events(), (Events{"alice: lost 6"}));
  EXPECT_EQ(alice.run("TASK.COMPLETE f busy 6 x"), "STALE past");
  EXPECT_EQ(state_of("busy"), "dead");
}

TEST_F(FlowTest, a_retry_waits_for_its_back_off_and_the_last_one_fails) {
  alice.run("TASK.JOIN f a ATTEMPTS 2 BACKOFF 1000 MAX 1000");
  EXPECT_EQ(alice.run("TASK.FAIL f a 4 busy RETRY"), "1");
  EXPECT_EQ(alice.run("TASK.FAIL f a 4 busy RETRY"), "0");
  EXPECT_EQ(state_of("a"), "delayed");
  EXPECT_EQ(alice.run("TASK.JOIN f a WAIT 5000"), "waiting 6");
  world.advance(1'000);
  EXPECT_EQ(world.events(), (Events{"alice: attempt 2 of f/a token 7"}));
  EXPECT_EQ(alice.run("TASK.FAIL f a 7 busy RETRY"), "1");
  EXPECT_EQ(state_of("a"), "failed");
}

TEST_F(FlowTest, giving_back_costs_no_attempt_and_leaves_a_checkpoint) {
  alice.run("TASK.JOIN f a ATTEMPTS 1");
  EXPECT_EQ(bob.run("TASK.JOIN f a WAIT 5000"), "waiting 5");
  EXPECT_EQ(alice.run("TASK.RELEASE f a 4 DELAY 1000 half"), "1");
  EXPECT_EQ(alice.run("TASK.RELEASE f a 4"), "0");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 4 x"), "STALE released");
  world.advance(1'000);
  EXPECT_EQ(world.events(), (Events{"bob: attempt 1 of f/a token 7 checkpoint 'half'"}));
}

TEST_F(FlowTest, preemption_costs_no_attempt) {
  alice.run("TASK.JOIN f a ATTEMPTS 1");
  EXPECT_EQ(bob.run("TASK.JOIN f a WAIT 60000 PRIORITY 5 PREEMPT 1000"), "waiting 5");
  EXPECT_EQ(world.events(), (Events{"alice: preempt 4"}));
  world.advance(1'000);
  EXPECT_EQ(world.events(), (Events{"alice: lost 4", "bob: attempt 1 of f/a token 6"}));
}

TEST_F(FlowTest, cancelling_tells_who_runs_it_and_decides_who_waits_behind) {
  alice.run("TASK.JOIN f a");
  alice.run("TASK.ADD f b");
  alice.run("TASK.ADD f c AFTER 1 a WHEN ENDED");
  EXPECT_EQ(bob.run("TASK.CANCEL f a REASON wrong"), "1");
  EXPECT_EQ(world.events(), (Events{"alice: lost 4"}));
  EXPECT_EQ(state_of("b"), "skipped");
  EXPECT_EQ(state_of("c"), "ready");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 4 x"), "STALE cancelled:");
  EXPECT_EQ(bob.run("TASK.CANCEL f a"), "0");
  EXPECT_EQ(bob.run("FLOW.CANCEL f"), "1");
  EXPECT_EQ(state_of("c"), "cancelled");
}

TEST_F(FlowTest, a_pool_takes_tasks_by_their_place_and_their_flows) {
  alice.run("TASK.ADD f1 a");
  world.skip(1);
  alice.run("TASK.ADD f2 a PRIORITY 1");
  alice.run("TASK.ADD g a");
  EXPECT_EQ(bob.run("TASK.TAKE 1 a FLOWS g"), "attempt 1 of g/a token 7");
  EXPECT_EQ(bob.run("TASK.TAKE 1 a"), "attempt 1 of f2/a token 8");
  EXPECT_EQ(bob.run("TASK.TAKE 1 a"), "attempt 1 of f1/a token 9");
  EXPECT_EQ(bob.run("TASK.TAKE 1 a"), "BUSY");
  EXPECT_FALSE(world.outcome().changed);
}

TEST_F(FlowTest, who_joined_and_who_would_take_it_stand_in_one_order) {
  EXPECT_EQ(alice.run("TASK.TAKE 2 x a WAIT 5000 FLOWS f"), "waiting 4");
  EXPECT_EQ(bob.run("TASK.JOIN f a WAIT 5000"), "waiting 5");
  EXPECT_EQ(world.events(), (Events{"alice: attempt 1 of f/a token 5"}))
      << "the pool's worker came first";
}

TEST_F(FlowTest, tasks_that_become_ready_together_find_a_worker_of_theirs_taken) {
  alice.run("TASK.JOIN f first");
  alice.run("TASK.ADD f a AFTER 1 first");
  alice.run("TASK.ADD f b AFTER 1 first");
  EXPECT_EQ(bob.run("TASK.TAKE 2 a b WAIT 5000"), "waiting 7");
  alice.run("TASK.COMPLETE f first 4 x");
  EXPECT_EQ(world.events(), (Events{"bob: attempt 1 of f/a token 8 first completed 'x'"}));
  EXPECT_EQ(state_of("b"), "ready");
}

TEST_F(FlowTest, results_are_waited_for_by_anybody) {
  EXPECT_EQ(bob.run("TASK.RESULT f a"), "BUSY");
  EXPECT_EQ(bob.run("TASK.RESULT f a WAIT 5000"), "waiting 4");
  alice.run("TASK.JOIN f a");
  alice.run("TASK.COMPLETE f a 5 42");
  EXPECT_EQ(world.events(),
            (Events{"bob: {flow: f, task: a, state: completed, result: 42, reason: -}"}));
}

TEST_F(FlowTest, a_flow_is_known_until_its_time_has_passed) {
  alice.run("TASK.JOIN f a");
  alice.run("TASK.COMPLETE f a 4 x");
  world.advance(59'999);
  EXPECT_EQ(state_of("a"), "completed");
  alice.keep_alive();
  world.advance(1);
  EXPECT_EQ(state_of("a"), "unknown");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 4 x"), "STALE gone");
}

TEST_F(FlowTest, a_closed_flow_goes_with_its_last_task) {
  alice.run("TASK.JOIN f a");
  alice.run("TASK.ADD f c AFTER 1 b");
  EXPECT_EQ(alice.run("FLOW.CLOSE f"), "1");
  EXPECT_EQ(state_of("b"), "skipped") << "nobody declared it";
  EXPECT_EQ(state_of("c"), "skipped");
  EXPECT_EQ(alice.run("TASK.ADD f d"), "CONFLICT");
  EXPECT_EQ(bob.run("TASK.RESULT f a WAIT 5000"), "waiting 7");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 4 x"), "1");
  EXPECT_EQ(world.events().size(), 1U) << "the result is told before the flow goes";
  EXPECT_EQ(state_of("a"), "unknown");
}

TEST_F(FlowTest, a_deadlock_through_a_task_and_a_lock_is_found) {
  alice.acquire("acct/1");
  EXPECT_EQ(bob.run("TASK.JOIN f a"), "attempt 1 of f/a token 5");
  EXPECT_EQ(bob.acquire("acct/1", {.wait = 60'000, .priority = 1}), "waiting 6");
  EXPECT_EQ(alice.run("TASK.JOIN f b WAIT 60000"), "DEADLOCK");
  EXPECT_NE(world.sentence().find("which needs \"a\", run by \"bob\""), std::string::npos)
      << world.sentence();
  EXPECT_EQ(state_of("b"), "pending") << "it is declared all the same";
}

TEST_F(FlowTest, a_deadlock_that_a_declaration_closes_is_found) {
  alice.acquire("acct/1");
  EXPECT_EQ(bob.run("TASK.JOIN f a AFTER 0"), "attempt 1 of f/a token 5");
  EXPECT_EQ(bob.acquire("acct/1", {.wait = 60'000, .priority = 1}), "waiting 6");
  EXPECT_EQ(alice.run("TASK.JOIN f c AFTER 1 b WAIT 60000"), "waiting 7");
  Client carol(world, "carol");
  EXPECT_EQ(carol.run("TASK.ADD f b AFTER 1 a"), "OK");
  EXPECT_EQ(world.events(), (Events{"alice: DEADLOCK"}));
}

TEST_F(FlowTest, a_deadlock_that_is_closed_by_declaring_what_is_asked_for_is_found) {
  alice.acquire("acct/1");
  EXPECT_EQ(bob.run("TASK.JOIN f a AFTER 0"), "attempt 1 of f/a token 5");
  EXPECT_EQ(bob.acquire("acct/1", {.wait = 60'000, .priority = 1}), "waiting 6");
  EXPECT_EQ(alice.run("TASK.RESULT f b WAIT 60000"), "waiting 7") << "nobody has named it yet";
  Client carol(world, "carol");
  EXPECT_EQ(carol.run("TASK.ADD f b AFTER 1 a"), "OK");
  EXPECT_EQ(world.events(), (Events{"alice: DEADLOCK"}));
}

TEST_F(FlowTest, a_numbered_request_is_answered_alike_while_its_attempt_lives) {
  EXPECT_EQ(alice.run("TASK.JOIN f a REQUEST 1"), "attempt 1 of f/a token 4");
  EXPECT_EQ(alice.run("TASK.JOIN f a REQUEST 1"), "attempt 1 of f/a token 4");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 4 x REQUEST 2"), "1");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 4 x REQUEST 2"), "1");
  EXPECT_EQ(alice.run("TASK.JOIN f a REQUEST 1"), "LOST");
}

TEST_F(FlowTest, why_tells_the_chain_of_causes) {
  alice.run("TASK.JOIN f a NOTE branch-17");
  alice.run("TASK.ADD f b");
  alice.run("TASK.ADD f c AFTER 2 b x");
  world.skip(1'500);
  EXPECT_EQ(bob.run("TASK.WHY f c"),
            "{flow: f, task: c, state: pending, why: [\"c\" waits for \"b\" and 1 more, for 1500 "
            "ms, \"b\" waits for \"a\", for 1500 ms, \"a\" is run by \"alice\" (session 2) for "
            "1500 ms, attempt 1 of 5: \"branch-17\", \"x\" has not been declared]}");
}

// Complaint: T50 (docs/complaints.md).
TEST_F(FlowTest, results_that_one_task_cannot_be_handed_are_refused_with_its_name) {
  command::Rules rules;
  rules.limits.results_bytes = 10;
  world.configure(rules);
  alice.run("TASK.JOIN f a AFTER 0");
  alice.run("TASK.JOIN f b AFTER 0");
  alice.run("TASK.ADD f sum AFTER 2 a b");
  EXPECT_EQ(alice.run("TASK.COMPLETE f a 5 123456"), "1");
  EXPECT_EQ(alice.run("TASK.COMPLETE f b 6 12345"), "LIMIT");
  EXPECT_NE(world.sentence().find("\"sum\""), std::string::npos);
  EXPECT_EQ(alice.run("TASK.COMPLETE f b 6 1234"), "1");
}

}  // namespace
}  // namespace state
