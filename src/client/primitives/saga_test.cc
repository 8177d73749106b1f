// Sagas against all that can become of their steps, one by one.
#include "turnstile/saga.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "client/primitives/task_words.h"
#include "client/testing/toy_server.h"
#include "turnstile/turnstile.h"

namespace turnstile::client {
namespace {

using namespace std::chrono_literals;
using turnstile::Outcome;  // not the inner one of this namespace

enum class Fate { Completes, Fails, Dies, IsCancelled };

/// Which of its tasks meet what; all others complete.
using Fates = std::map<std::string, Fate>;

std::string step(int i) { return fmt::format("s{}", i); }
std::string undo(int i) { return fmt::format("c{}", i); }

bool is_turn(const std::string& name) { return name.starts_with("saga.turn."); }

/// Runs a saga in which each task meets its fate, and returns the names of the steps and
/// compensations that completed, in their order.
std::vector<std::string> run(const Saga& saga, const Fates& fates) {
  ToyTasks tasks;
  std::vector<std::string> names;
  for (const auto& task : saga.tasks()) {
    tasks.serve(task_add_words("f", task.name, task.options));
    names.push_back(task.name);
  }
  const auto take = task_take_words(names, {});
  std::vector<std::string> dead;
  for (std::string answer; (answer = tasks.serve(take)).starts_with('%');) {
    const auto running = std::ranges::find_if(names, [&](const std::string& name) {
      return tasks.state_of("f", name) == "running" && std::ranges::count(dead, name) == 0;
    });
    const auto token = std::to_string(tasks.token_of("f", *running));
    const auto fate = fates.contains(*running) ? fates.at(*running) : Fate::Completes;
    if (fate == Fate::Completes) tasks.serve({"TASK.COMPLETE", "f", *running, token, "r"});
    if (fate == Fate::Fails) tasks.serve({"TASK.FAIL", "f", *running, token, "no"});
    if (fate == Fate::IsCancelled) tasks.serve({"TASK.CANCEL", "f", *running});
    // A dead task is one that runs and never ends, as far as those behind it can see.
    if (fate == Fate::Dies) dead.push_back(*running);
  }
  auto completed = tasks.completed();
  std::erase_if(completed, is_turn);
  return completed;
}

/// What should have completed: the steps up to the first that did not, and, if that one
/// failed, what undoes them, from the last to the first, up to a compensation that is dead.
std::vector<std::string> expect(int steps, unsigned compensated, const Fates& fates) {
  std::vector<std::string> expected;
  const auto fate_of = [&](const std::string& name) {
    return fates.contains(name) ? fates.at(name) : Fate::Completes;
  };
  int first = 1;
  while (first <= steps && fate_of(step(first)) == Fate::Completes) {
    expected.push_back(step(first++));
  }
  if (first > steps || fate_of(step(first)) != Fate::Fails) return expected;
  for (int i = first - 1; i >= 1; --i) {
    if ((compensated & (1U << i)) == 0) continue;
    if (fate_of(undo(i)) == Fate::Completes) expected.push_back(undo(i));
    if (fate_of(undo(i)) == Fate::Dies) break;
  }
  return expected;
}

class SagaTest : public testing::Test {
 protected:
  /// Steps s1 … sn; bit i of `compensated` says whether si has a compensation.
  Saga make(int steps, unsigned compensated) {
    Saga saga(client_.flow("f"));
    for (int i = 1; i <= steps; ++i) {
      saga.step(step(i));
      if ((compensated & (1U << i)) != 0) saga.compensate(undo(i));
    }
    return saga;
  }

  ToyServer server_;
  Client client_ = Client::connect(server_.url());
};

TEST_F(SagaTest, exactly_what_completed_is_undone_in_reverse_order_wherever_it_fails) {
  for (int steps = 1; steps <= 5; ++steps) {
    for (unsigned compensated = 0; compensated < (2U << steps); compensated += 2) {
      const Saga saga = make(steps, compensated);
      EXPECT_EQ(run(saga, {}), expect(steps, compensated, {}));
      for (int at = 1; at <= steps; ++at) {
        for (const Fate fate : {Fate::Fails, Fate::Dies, Fate::IsCancelled}) {
          const Fates fates = {{step(at), fate}};
          EXPECT_EQ(run(saga, fates), expect(steps, compensated, fates))
              << steps << " steps, " << compensated << " compensated, fate of " << at;
        }
      }
    }
  }
}

TEST_F(SagaTest, compensations_that_fail_or_die_count_as_they_should) {
  constexpr int kSteps = 4;
  constexpr unsigned kAll = 0b11110;
  const Saga saga = make(kSteps, kAll);
  for (int at = 1; at <= kSteps; ++at) {
    for (int bad = 1; bad <= kSteps; ++bad) {
      for (const Fate fate : {Fate::Fails, Fate::Dies, Fate::IsCancelled}) {
        const Fates fates = {{step(at), Fate::Fails}, {undo(bad), fate}};
        EXPECT_EQ(run(saga, fates), expect(kSteps, kAll, fates)) << at << ", " << bad;
      }
    }
  }
}

TEST_F(SagaTest, nothing_can_run_before_all_is_declared) {
  const auto tasks = make(3, 0b0110).tasks();
  EXPECT_EQ(tasks.back().name, "s1");
  EXPECT_TRUE(tasks.back().options.after.tasks()->empty());
  for (const auto& task : tasks) {
    EXPECT_EQ(task.options.after.tasks()->empty(), task.name == "s1") << task.name;
  }
  EXPECT_EQ(tasks.size(), 3U + 2U * 2U);
}

TEST_F(SagaTest, what_makes_no_sense_is_refused) {
  EXPECT_THROW(Saga(client_.flow("f")).declare(), Error);
  EXPECT_THROW(Saga(client_.flow("f")).compensate("c"), Error);
  EXPECT_THROW(make(1, 0b10).compensate("again"), Error);
  EXPECT_THROW(make(1, 0).step("x", {.when = When::Ended}), Error);
  EXPECT_THROW(make(1, 0).step("x", {.after = {"s1"}}), Error);
  Saga long_one(client_.flow("f"));
  for (int i = 0; i < 66; ++i) long_one.step(step(i)).compensate(undo(i));
  EXPECT_TRUE(long_one.try_declare().failed_with(ErrorCode::Invalid));
  EXPECT_EQ(turn_names().size(), 64U);
}

TEST_F(SagaTest, workers_run_it_with_the_results_of_what_they_undo) {
  std::mutex mutex;
  std::vector<std::string> undone;
  const Worker turns = keep_turns(client_, "saga/");
  Worker steps(client_, {"s1", "s2", "s3"}, [](Attempt& attempt) {
    if (attempt.task() == "s3") return Outcome::failed("no money");
    return Outcome::completed("reserved by " + attempt.task());
  });
  Worker undoing(client_, {"c1", "c2"}, [&](Attempt& attempt) {
    const std::string of = "s" + attempt.task().substr(1);
    const std::lock_guard lock(mutex);
    undone.push_back(attempt.result(of).result);
    return Outcome::completed();
  });
  Flow flow = client_.flow("saga/1");
  saga(flow).step("s1").compensate("c1").step("s2").compensate("c2").step("s3").declare();
  EXPECT_EQ(flow.result("c1").state, TaskState::Completed);
  EXPECT_EQ(flow.result("s3").reason, "no money");
  const std::lock_guard lock(mutex);
  EXPECT_EQ(undone, (std::vector<std::string>{"reserved by s2", "reserved by s1"}));
}

}  // namespace
}  // namespace turnstile::client
