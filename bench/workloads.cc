// See workloads.h.
#include "workloads.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>

#include "statistics.h"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::nanoseconds;

constexpr auto kWarmUp = std::chrono::milliseconds(300);

/// When samples count, and whether the workers are to give up before its end.
struct Window {
  Clock::time_point begin;
  Clock::time_point end;
  std::atomic<bool> failed = false;

  bool is_over(Clock::time_point now) const { return now >= end || failed; }
  bool counts(Clock::time_point moment) const { return moment >= begin && moment < end; }
};

struct Samples {
  std::vector<Nanoseconds> pairs;      ///< U: lock called to unlock returned
  std::vector<Nanoseconds> waits;      ///< C: lock called to lock returned
  std::vector<Nanoseconds> hand_offs;  ///< C: the last holder called unlock to lock returned
};

/// What the workers on one key leave for each other, to be touched by who holds it. All atomic,
/// or a violation would be a race of our own.
struct Shared {
  std::atomic<int> inside = 0;
  std::atomic<std::uint64_t> last_token = 0;
  std::atomic<Clock::rep> unlock_called = 0;
  std::atomic<std::uint64_t> violations = 0;
};

void work_on_own_key(Locker& locker, const std::string& key, const Window& window,
                     Samples& samples) {
  for (;;) {
    const auto begin = Clock::now();
    if (window.is_over(begin)) return;
    locker.lock(key);
    locker.unlock();
    const auto end = Clock::now();
    if (window.counts(end)) samples.pairs.push_back(end - begin);
  }
}

void work_on_one_key(Locker& locker, const Window& window, Shared& shared, Samples& samples) {
  const std::string key = "bench/one";
  for (;;) {
    const auto called = Clock::now();
    if (window.is_over(called)) return;
    const std::uint64_t token = locker.lock(key);
    const auto granted = Clock::now();
    const bool is_alone = shared.inside.fetch_add(1) == 0;
    const bool is_newer = shared.last_token.exchange(token) < token;
    if (!is_alone || !is_newer) ++shared.violations;
    const Clock::time_point before{Clock::duration(shared.unlock_called.load())};
    if (window.counts(granted)) {
      samples.waits.push_back(granted - called);
      if (window.counts(before)) samples.hand_offs.push_back(granted - before);
    }
    shared.inside.fetch_sub(1);
    shared.unlock_called = Clock::now().time_since_epoch().count();
    locker.unlock();
  }
}

/// Runs `work(worker)` in a thread for each worker, and meanwhile measures the server's processor
/// time within the window. Rethrows the first thing that a worker threw.
Nanoseconds run_threads(int workers, Window& window, const ServerProcess& server,
                        const std::function<void(std::size_t)>& work) {
  std::mutex mutex;
  std::exception_ptr first;
  std::vector<std::jthread> threads;
  for (int i = 0; i < workers; ++i) {
    threads.emplace_back([&, worker = static_cast<std::size_t>(i)] {
      try {
        work(worker);
      } catch (...) {
        window.failed = true;
        const std::lock_guard lock(mutex);
        if (!first) first = std::current_exception();
      }
    });
  }
  std::this_thread::sleep_until(window.begin);
  const Nanoseconds before = server.processor_time();
  std::this_thread::sleep_until(window.end);
  const Nanoseconds used = server.processor_time() - before;
  threads.clear();
  if (first) std::rethrow_exception(first);
  return used;
}

std::vector<Nanoseconds> merged(std::span<Samples> all, std::vector<Nanoseconds> Samples::* which) {
  std::vector<Nanoseconds> result;
  for (Samples& one : all) {
    result.insert(result.end(), (one.*which).begin(), (one.*which).end());
  }
  return result;
}

void add_rate(Outcome& outcome, std::size_t pairs, std::chrono::milliseconds length,
              Nanoseconds processor) {
  const auto count = static_cast<double>(pairs);
  const double used = std::chrono::duration<double, std::micro>(processor).count();
  outcome.figures.push_back({"pairs/s", count / std::chrono::duration<double>(length).count()});
  outcome.figures.push_back({"server CPU us/pair", pairs == 0 ? 0 : used / count});
}

}  // namespace

std::string to_string(const Workload& workload) {
  return fmt::format("{} {} {}", workload.keys == Keys::Own ? "U" : "C", to_string(workload.way),
                     workload.workers);
}

Outcome run(const Workload& workload, const ServerProcess& server,
            std::chrono::milliseconds length) {
  const auto lockers = make_lockers(workload.way, server.port(), workload.workers);
  std::vector<Samples> samples(lockers.size());
  Shared shared;
  const auto begin = Clock::now() + kWarmUp;
  Window window{.begin = begin, .end = begin + length};
  const Nanoseconds processor =
      run_threads(workload.workers, window, server, [&](std::size_t worker) {
        if (workload.keys == Keys::One) {
          work_on_one_key(*lockers[worker], window, shared, samples[worker]);
        } else {
          work_on_own_key(*lockers[worker], fmt::format("bench/own/{}", worker), window,
                          samples[worker]);
        }
      });

  Outcome outcome{.figures = {}, .violations = shared.violations};
  if (workload.keys == Keys::Own) {
    auto pairs = merged(samples, &Samples::pairs);
    add_rate(outcome, pairs.size(), length, processor);
    outcome.figures.push_back({"pair p50 us", quantile(pairs, 0.5)});
    outcome.figures.push_back({"pair p99 us", quantile(pairs, 0.99)});
  } else {
    auto waits = merged(samples, &Samples::waits);
    auto hand_offs = merged(samples, &Samples::hand_offs);
    add_rate(outcome, waits.size(), length, processor);
    outcome.figures.push_back({"hand-off p50 us", quantile(hand_offs, 0.5)});
    outcome.figures.push_back({"hand-off p99 us", quantile(hand_offs, 0.99)});
    outcome.figures.push_back({"longest wait us", quantile(waits, 1)});
    outcome.figures.push_back({"violations", static_cast<double>(outcome.violations)});
  }
  return outcome;
}

}  // namespace bench
