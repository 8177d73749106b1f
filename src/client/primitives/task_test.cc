// Flows, attempts and pools with real threads and a real socket, against the toy server.
#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "client/testing/inbox.h"
#include "client/testing/toy_server.h"
#include "turnstile/turnstile.h"

namespace turnstile::client {
namespace {

using namespace std::chrono_literals;
using turnstile::Outcome;  // not the inner one of this namespace

class TaskTest : public testing::Test {
 protected:
  std::string state_of(const std::string& task) {
    return server_.tasks([&](ToyTasks& tasks) { return tasks.state_of("f", task); });
  }

  ToyServer server_;
  Client client_ = Client::connect(server_.url());
  Flow flow_ = client_.flow("f");
};

// Complaint: T2 (docs/complaints.md).
TEST_F(TaskTest, one_is_run_after_another_with_its_result) {
  flow_.add("authorise", {.after = After::nothing(), .input = "card 7"});
  std::jthread second([&] {
    auto attempt = flow_.join("capture", {.after = {"authorise"}});
    EXPECT_EQ(attempt.result("authorise").result, "yes");
    EXPECT_THROW(static_cast<void>(attempt.result("refund")), Error);
    EXPECT_TRUE(attempt.complete());
  });
  auto first = flow_.join("authorise");
  EXPECT_EQ(first.input(), "card 7");
  EXPECT_EQ(first.flow(), "f");
  EXPECT_EQ(first.task(), "authorise");
  EXPECT_EQ(first.number(), 1);
  EXPECT_TRUE(first.is_held());
  EXPECT_TRUE(first.complete("yes"));
  EXPECT_FALSE(first.is_held());
  EXPECT_FALSE(first.complete("yes"));
  EXPECT_TRUE(first.try_complete("no").failed_with(ErrorCode::Conflict));
  second.join();
  EXPECT_EQ(flow_.result("capture").state, TaskState::Completed);
  EXPECT_TRUE(flow_.try_join("capture").failed_with(ErrorCode::Ended));
}

TEST_F(TaskTest, an_attempt_that_is_destroyed_is_given_back) {
  auto first = flow_.join("t");
  EXPECT_TRUE(flow_.try_join("t").failed_with(ErrorCode::Busy));
  EXPECT_TRUE(flow_.try_result("t").failed_with(ErrorCode::Busy));
  first = {};
  auto second = flow_.join("t");
  EXPECT_EQ(second.number(), 1);
  EXPECT_TRUE(second.release(0ms, "half"));
  EXPECT_FALSE(second.release());
  auto third = flow_.join("t");
  EXPECT_EQ(third.checkpoint(), "half");
  EXPECT_TRUE(third.fail_and_retry("the gateway was busy"));
  auto fourth = flow_.join("t");
  EXPECT_EQ(fourth.number(), 2);
  EXPECT_EQ(fourth.extend(5s), 5s);
  EXPECT_TRUE(fourth.fail("no money"));
  EXPECT_EQ(flow_.result("t").reason, "no money");
}

TEST_F(TaskTest, one_that_is_lost_gives_nothing_back_and_may_still_complete) {
  auto attempt = flow_.join("t");
  Inbox<Loss> losses;
  attempt.on_lost(losses.callback());
  server_.end_session();
  losses.take();
  EXPECT_TRUE(attempt.lost().stop_requested());
  EXPECT_TRUE(attempt.complete("late"));
  EXPECT_EQ(flow_.result("t").result, "late");
}

TEST_F(TaskTest, a_late_completion_is_stale_if_somebody_took_over) {
  auto attempt = flow_.join("t");
  server_.tasks([](ToyTasks& tasks) { tasks.take_over("f", "t"); });
  EXPECT_TRUE(attempt.try_complete("late").failed_with(ErrorCode::Stale));
  EXPECT_TRUE(attempt.lost().stop_requested());
}

TEST_F(TaskTest, a_completion_survives_the_connection_at_each_step) {
  for (const auto cut : {ToyServer::Cut::Before, ToyServer::Cut::After}) {
    Flow flow = client_.flow(cut == ToyServer::Cut::Before ? "before" : "after");
    auto attempt = flow.join("t");
    server_.cut_at("TASK.COMPLETE", cut);
    attempt.complete("r");
    EXPECT_TRUE(server_.is_cut());
    EXPECT_EQ(flow.result("t").result, "r");
  }
}

TEST_F(TaskTest, an_assignment_survives_the_connection_at_each_step) {
  for (const auto cut : {ToyServer::Cut::Before, ToyServer::Cut::After}) {
    Flow flow = client_.flow(cut == ToyServer::Cut::Before ? "before" : "after");
    flow.add("t", {.input = "in"});
    server_.cut_at("TASK.JOIN", cut);
    auto attempt = flow.join("t");
    EXPECT_EQ(attempt.input(), "in");
    EXPECT_TRUE(attempt.complete());
  }
}

TEST_F(TaskTest, a_joiner_is_told_of_cancellation_and_of_somebody_more_urgent) {
  auto attempt = flow_.join("t");
  Inbox<Revocation> revocations;
  Inbox<Loss> losses;
  attempt.on_revoked(revocations.callback());
  attempt.on_lost(losses.callback());
  server_.preempt_task(static_cast<std::int64_t>(attempt.token()));
  EXPECT_EQ(revocations.take().grace, 500ms);
  EXPECT_TRUE(attempt.revoked().stop_requested());
  EXPECT_TRUE(flow_.cancel("t", "the customer left"));
  EXPECT_EQ(losses.take().cause, "cancelled");
  EXPECT_FALSE(flow_.cancel("t"));
}

TEST_F(TaskTest, questions_and_orders_have_their_answers) {
  flow_.add("t");
  EXPECT_EQ(flow_.why("t"), (std::vector<std::string>{"it is ready"}));
  EXPECT_EQ(flow_.info().text_of("flow"), "f");
  EXPECT_FALSE(flow_.redrive("t"));
  EXPECT_EQ(flow_.cancel_all(), 1);
  EXPECT_TRUE(flow_.close());
  EXPECT_EQ(client_.flows("payment/").items.size(), 1U);
}

TEST_F(TaskTest, a_wait_for_a_task_is_withdrawn) {
  flow_.add("first");
  std::stop_source stop;
  Inbox<ErrorCode> codes;
  flow_.join_then("second", {.after = {"first"}}, {.stop = stop.get_token()},
                  [&](Result<Attempt> attempt) { codes.put(attempt.error().code()); });
  client_.take_then({"unheard of"}, {.stop = stop.get_token()},
                    [&](Result<Attempt> attempt) { codes.put(attempt.error().code()); });
  stop.request_stop();
  EXPECT_EQ(codes.take(), ErrorCode::Cancelled);
  EXPECT_EQ(codes.take(), ErrorCode::Cancelled);
  EXPECT_TRUE(client_.try_take({"unheard of"}).failed_with(ErrorCode::Busy));
}

TEST_F(TaskTest, an_empty_attempt_runs_nothing) {
  Attempt nothing;
  EXPECT_EQ(nothing.token(), 0U);
  EXPECT_FALSE(nothing.is_held());
  EXPECT_FALSE(nothing.release());
  EXPECT_TRUE(nothing.try_complete().failed_with(ErrorCode::Stale));
  EXPECT_TRUE(nothing.try_extend(1s).failed_with(ErrorCode::Stale));
}

// --- workers

using WorkerTest = TaskTest;

TEST_F(WorkerTest, it_runs_what_it_named_and_tells_what_came_of_it) {
  Worker worker(client_, {"a", "b", "c", "d"}, [](Attempt& attempt) {
    if (attempt.task() == "a") return Outcome::completed("for " + attempt.input());
    if (attempt.task() == "b") return Outcome::failed("no");
    if (attempt.number() == 1) throw std::runtime_error("the disk is full");
    return Outcome::completed("at the second attempt");
  });
  flow_.add("a", {.input = "x"});
  EXPECT_EQ(flow_.result("a").result, "for x");
  flow_.add("b");
  EXPECT_EQ(flow_.result("b").reason, "no");
  flow_.add("c", {.after = After::nothing()});
  EXPECT_EQ(flow_.result("c").result, "at the second attempt");
  worker.stop();
  const auto counts = worker.counts();
  EXPECT_EQ(counts.completed, 2U);
  EXPECT_EQ(counts.failed, 1U);
  EXPECT_EQ(counts.retried, 1U);
  EXPECT_EQ(counts.taken, 4U);
}

// Complaints: T28, T31 (docs/complaints.md).
TEST_F(WorkerTest, an_attempt_is_extended_while_its_handler_runs) {
  Worker worker(client_, {"t"}, [&](Attempt& attempt) {
    while (server_.tasks([](ToyTasks& tasks) { return tasks.extensions(); }) < 3) {
      std::this_thread::sleep_for(5ms);
    }
    EXPECT_TRUE(attempt.is_held());
    return Outcome::completed();
  });
  flow_.add("t", {.timeout = 300ms});
  EXPECT_TRUE(flow_.result("t").is_completed());
}

// Complaint: T26 (docs/complaints.md).
TEST_F(WorkerTest, one_that_takes_too_long_is_asked_to_stop_and_left_to_its_time_out) {
  Worker worker(client_, {"t"},
                [&](Attempt& attempt, std::stop_token stop) {
                  while (!stop.stop_requested()) std::this_thread::sleep_for(1ms);
                  while (!attempt.lost().stop_requested()) std::this_thread::sleep_for(1ms);
                  return Outcome::completed();
                },
                {.run_time = 20ms});
  flow_.add("t", {.timeout = 100ms});
  EXPECT_TRUE(flow_.result("t").is_completed());
}

TEST_F(WorkerTest, its_handler_hears_of_cancellation_and_a_result_too_late_is_reported) {
  std::latch running(1);
  Inbox<ErrorCode> untaken;
  Worker worker(client_, {"t"},
                [&](Attempt&, std::stop_token stop) {
                  running.count_down();
                  while (!stop.stop_requested()) std::this_thread::sleep_for(1ms);
                  return Outcome::completed("done all the same");
                },
                {.on_untaken = [&](const UntakenOutcome& it) {
                  EXPECT_EQ(it.outcome.text(), "done all the same");
                  EXPECT_EQ(it.task, "t");
                  untaken.put(it.error.code());
                }});
  flow_.add("t");
  running.wait();
  EXPECT_TRUE(flow_.cancel("t"));
  EXPECT_EQ(untaken.take(), ErrorCode::Stale);
  worker.stop();
  EXPECT_EQ(worker.counts().untaken, 1U);
}

TEST_F(WorkerTest, it_gives_back_what_it_runs_when_it_is_stopped) {
  std::latch running(1);
  Worker worker(client_, {"t"}, [&](Attempt&, std::stop_token stop) {
    running.count_down();
    while (!stop.stop_requested()) std::this_thread::sleep_for(1ms);
    return Outcome::released("half");
  });
  flow_.add("t");
  running.wait();
  worker.stop();
  EXPECT_EQ(worker.counts().released, 1U);
  EXPECT_EQ(state_of("t"), "ready");
  EXPECT_EQ(flow_.join("t").checkpoint(), "half");
}

TEST_F(WorkerTest, a_result_is_never_lost_whatever_breaks_at_its_sending) {
  for (const auto cut : {ToyServer::Cut::Before, ToyServer::Cut::After}) {
    Worker worker(client_, {"t"}, [&](Attempt&) {
      server_.cut_at("TASK.COMPLETE", cut);
      return Outcome::completed("r");
    });
    Flow flow = client_.flow(cut == ToyServer::Cut::Before ? "before" : "after");
    flow.add("t");
    EXPECT_EQ(flow.result("t").result, "r");
    worker.stop();
    EXPECT_TRUE(server_.is_cut());
    EXPECT_EQ(worker.counts().completed, 1U);
    EXPECT_EQ(worker.counts().untaken, 0U);
  }
}

TEST_F(WorkerTest, a_result_outlives_the_session) {
  Worker worker(client_, {"t"}, [&](Attempt& attempt) {
    if (attempt.number() > 1) return Outcome::failed("it ran twice");
    server_.end_session();
    while (!attempt.lost().stop_requested()) std::this_thread::sleep_for(1ms);
    return Outcome::completed("r");
  });
  flow_.add("t");
  EXPECT_EQ(flow_.result("t").result, "r");
}

TEST_F(WorkerTest, what_is_not_answered_while_it_stops_is_reported) {
  Inbox<bool> untaken;
  Worker worker(client_, {"t"},
                [&](Attempt&) {
                  server_.fall_silent();
                  return Outcome::completed("r");
                },
                {.farewell = 10ms, .on_untaken = [&](const UntakenOutcome& it) {
                   untaken.put(it.error.maybe_applied());
                 }});
  flow_.add("t");
  while (worker.counts().taken == 0) std::this_thread::sleep_for(1ms);
  worker.stop();
  EXPECT_TRUE(untaken.take());
}

TEST_F(WorkerTest, several_threads_share_the_work_and_errors_are_told) {
  Inbox<ErrorCode> errors;
  std::latch both(2);
  Worker worker(client_, {"a", "b"},
                [&](Attempt&) {
                  both.arrive_and_wait();
                  return Outcome::completed();
                },
                {.threads = 2, .on_error = [&](const Error& error) { errors.put(error.code()); }});
  flow_.add("a", {.after = After::nothing()});
  flow_.add("b", {.after = After::nothing()});
  EXPECT_TRUE(flow_.result("a").is_completed());
  EXPECT_TRUE(flow_.result("b").is_completed());
  client_.close();
  EXPECT_EQ(errors.take(), ErrorCode::Unavailable);
}

TEST_F(WorkerTest, a_handler_may_give_the_outcome_itself_or_stop_its_worker) {
  Worker* self = nullptr;
  Worker worker(client_, {"t"}, [&](Attempt& attempt) {
    attempt.complete("mine");
    self->stop();
    return Outcome::failed("ignored");
  });
  self = &worker;
  flow_.add("t");
  EXPECT_EQ(flow_.result("t").result, "mine");
  worker.stop();
  EXPECT_EQ(worker.counts().failed, 0U);
}

}  // namespace
}  // namespace turnstile::client
