// What the headers of tasks, workers, sagas and signals promise, seen from two sessions.
#include "flows.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "primitives.h"

using namespace std::chrono_literals;
using turnstile::After;
using turnstile::Attempt;
using turnstile::Client;
using turnstile::ErrorCode;
using turnstile::Flow;
using turnstile::Outcome;
using turnstile::TaskState;

namespace {

/// Waits until a stop token fires.
bool fires(const std::stop_token& token) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait_for(lock, token, 30s, [] { return false; });
  return token.stop_requested();
}

void a_result_is_handed_on(Client& one, Client& other) {
  Flow flow = one.flow("handed/1");
  std::jthread successor([&] {
    auto attempt = other.flow("handed/1").join("second", {.after = {"first"}}, {.wait = 30s});
    require(attempt.result("first").result == "42", "a result is handed to the successor");
    require(attempt.complete("43"), "the successor completes");
  });
  auto attempt = flow.join("first", {.after = After::nothing(), .input = "in"}, {.wait = 30s});
  require(attempt.input() == "in" && attempt.number() == 1, "an attempt knows what it is");
  require(attempt.is_held() && attempt.token() != 0, "it is held, and has a token");
  require(attempt.extend(10s) > 5s, "it is extended");
  require(attempt.complete("42"), "it completes");
  require(!attempt.complete("42"), "the same completion again is a success");
  require(attempt.try_complete("other").failed_with(ErrorCode::Conflict), "another one is not");
  require(flow.result("second", {.wait = 30s}).result == "43", "a result is waited for");
  require(flow.try_join("first").failed_with(ErrorCode::Ended), "an ended task is run no more");
  require(!flow.info().items.empty() && !flow.why("second").empty(), "questions are answered");
  require(!one.flows("handed/").items.empty(), "a flow is listed");
  require(flow.close(), "a flow is closed");
}

void what_is_given_back_costs_nothing(Client& one, Client& other) {
  Flow flow = one.flow("back/1");
  auto first = flow.join("t", {.after = After::nothing()});
  require(other.flow("back/1").try_join("t").failed_with(ErrorCode::Busy), "one runs it at a time");
  const auto token = first.token();
  first = {};
  auto second = other.flow("back/1").join("t", {}, {.wait = 30s});
  require(second.number() == 1 && second.token() > token, "a new token, the same attempt");
  require(second.release(0ms, "half"), "it is given back");
  auto third = flow.join("t", {}, {.wait = 30s});
  require(third.checkpoint() == "half", "with a checkpoint");
  require(third.fail_and_retry("busy"), "it fails for now");
  auto fourth = flow.join("t", {}, {.wait = 30s});
  require(fourth.number() == 2, "the second attempt");
  require(fourth.fail("no money"), "it fails for good");
  require(flow.result("t").state == TaskState::Failed, "a known no");
}

void who_runs_it_hears_of_its_end(Client& one, Client& other) {
  Flow flow = one.flow("heard/1");
  auto cancelled = flow.join("a", {.after = After::nothing()});
  require(other.flow("heard/1").cancel("a", "the customer left"), "it is cancelled");
  require(fires(cancelled.lost()), "who runs it is told");
  require(cancelled.try_complete().failed_with(ErrorCode::Stale), "and its result comes too late");
  auto late = flow.join("b", {.after = After::nothing(), .timeout = 100ms});
  require(fires(late.lost()), "its time-out passes");
  require(late.complete("late"), "nobody took over: a late result is taken");
}

void a_worker_runs_what_is_ready(Client& one, Client& other) {
  std::atomic<int> calls{0};
  turnstile::Worker worker(other, {"double"},
                           [&](Attempt& attempt) {
                             if (++calls == 1) throw std::runtime_error("the first call fails");
                             return Outcome::completed(attempt.input() + attempt.input());
                           },
                           {.threads = 2, .flows = "work/"});
  for (int i = 0; i < 20; ++i) {
    Flow flow = one.flow("work/" + std::to_string(i));
    flow.add("double", {.backoff = 1ms, .input = std::to_string(i)});
  }
  for (int i = 0; i < 20; ++i) {
    const auto result = one.flow("work/" + std::to_string(i)).result("double", {.wait = 30s});
    require(result.result == std::to_string(i) + std::to_string(i), "each is run");
  }
  worker.stop();
  require(worker.counts().completed == 20 && worker.counts().retried == 1, "and counted");
}

void a_worker_keeps_what_takes_long(Client& one) {
  turnstile::Worker worker(one, {"long"}, [](Attempt& attempt) {
    std::this_thread::sleep_for(1500ms);
    return attempt.is_held() ? Outcome::completed() : Outcome::failed("it was lost");
  });
  Flow flow = one.flow("long/1");
  flow.add("long", {.timeout = 500ms, .attempts = 1});
  require(flow.result("long", {.wait = 30s}).is_completed(), "its attempt is extended");
}

/// Runs a saga of so many steps, of which one fails, if it is one of them; tells what was undone.
std::string undone_if_fails(Client& client, int steps, int bad) {
  std::mutex mutex;
  std::string undone;
  const std::string flows = "saga/" + std::to_string(steps) + "/" + std::to_string(bad);
  const auto turns = turnstile::keep_turns(client, flows);
  const auto handler = [&](Attempt& attempt) {
    if (attempt.task() == "s" + std::to_string(bad)) return Outcome::failed("no");
    const std::lock_guard lock(mutex);
    if (attempt.task()[0] == 'c') undone += attempt.task() + " ";
    return Outcome::completed();
  };
  const turnstile::Worker worker(client, {"s1", "s2", "s3", "s4", "c1", "c2", "c3", "c4"}, handler,
                                 {.flows = flows});
  Flow flow = client.flow(flows);
  auto saga = turnstile::saga(flow);
  for (int i = 1; i <= steps; ++i) {
    saga.step("s" + std::to_string(i)).compensate("c" + std::to_string(i));
  }
  saga.declare();
  for (const auto& task : saga.tasks()) {
    require(flow.result(task.name, {.wait = 30s}).state != TaskState::Dead, "each task ends");
  }
  const std::lock_guard lock(mutex);
  return undone;
}

void a_saga_undoes_what_was_done(Client& one) {
  for (int steps = 1; steps <= 4; ++steps) {
    for (int bad = 1; bad <= steps + 1; ++bad) {
      std::string expected;
      for (int i = bad <= steps ? bad - 1 : 0; i >= 1; --i) {
        expected += "c" + std::to_string(i) + " ";
      }
      require(undone_if_fails(one, steps, bad) == expected, "what was done is undone, backwards");
    }
  }
}

void signals_reach_all(Client& one, Client& other) {
  turnstile::Event event(one, "event");
  turnstile::Event theirs(other, "event");
  require(!theirs.wait_for(0ms), "an event is not set at first");
  const auto first = event.set("one");
  require(theirs.wait().payload == "one", "it is set");
  std::jthread waiter([&] {
    require(theirs.wait_after(first).payload == "two", "a later generation is waited for");
  });
  event.set("two");
  waiter.join();
  require(event.reset() && !theirs.wait_for(10ms), "it is reset");

  std::jthread party([&] {
    const auto passage = turnstile::Barrier(other, "barrier", 2).arrive_and_wait("b");
    require(passage.payloads.size() == 2, "both are there");
  });
  require(turnstile::Barrier(one, "barrier", 2).arrive_and_wait("a").generation != 0, "both go on");

  turnstile::Latch latch(one, "latch");
  latch.set(2);
  require(latch.count_down("a") == 1 && latch.count_down("a") == 1, "each counts once");
  require(!latch.try_wait() && latch.count_down("b") == 0, "it opens");
  turnstile::Latch(other, "latch").wait();
}

void a_barrier_breaks(Client& one) {
  auto mortal = Client::connect({}, {.name = "mortal"});
  std::jthread party([&] {
    const auto broken = turnstile::Barrier(one, "mortal", 3).try_arrive_and_wait("", {.wait = 30s});
    require(broken.failed_with(ErrorCode::Broken), "the others are told");
  });
  std::jthread dying([&] {
    static_cast<void>(
        turnstile::Barrier(mortal, "mortal", 3).try_arrive_and_wait("", {.wait = 30s}));
  });
  const turnstile::Barrier barrier(one, "mortal", 3);
  while (barrier.info().integer_of("arrived") != 2) std::this_thread::sleep_for(1ms);
  mortal.close();
}

}  // namespace

void go_through_flows(Client& one, Client& other) {
  a_result_is_handed_on(one, other);
  what_is_given_back_costs_nothing(one, other);
  who_runs_it_hears_of_its_end(one, other);
  a_worker_runs_what_is_ready(one, other);
  a_worker_keeps_what_takes_long(one);
  a_saga_undoes_what_was_done(one);
  signals_reach_all(one, other);
  a_barrier_breaks(one);
}
