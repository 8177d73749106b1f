// See workloads.h.
#include "workloads.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
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
struct SharedKey {
  std::string name;
  std::atomic<int> inside = 0;
  std::atomic<std::uint64_t> last_token = 0;
  std::atomic<Clock::rep> unlock_called = 0;
  std::atomic<std::uint64_t> violations = 0;

  void enter(std::uint64_t token) {
    const bool is_alone = inside.fetch_add(1) == 0;
    const bool is_newer = token == kNoToken || last_token.exchange(token) < token;
    if (!is_alone || !is_newer) ++violations;
  }
  /// To be called before unlock.
  void leave() {
    inside.fetch_sub(1);
    unlock_called = Clock::now().time_since_epoch().count();
  }
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

void work_on_shared_key(Locker& locker, const Window& window, SharedKey& key, Samples& samples) {
  for (;;) {
    const auto called = Clock::now();
    if (window.is_over(called)) return;
    const std::uint64_t token = locker.lock(key.name);
    const auto granted = Clock::now();
    key.enter(token);
    const Clock::time_point before{Clock::duration(key.unlock_called.load())};
    if (window.counts(granted)) {
      samples.waits.push_back(granted - called);
      if (window.counts(before)) samples.hand_offs.push_back(granted - before);
    }
    key.leave();
    locker.unlock();
  }
}

/// Runs `work(worker)` in a thread for each worker, and meanwhile measures the server's processor
/// time within the window. Rethrows the first thing that a worker threw.
Nanoseconds run_threads(std::size_t workers, Window& window, const ProcessorTime& processor_time,
                        const std::function<void(std::size_t)>& work) {
  std::mutex mutex;
  std::exception_ptr first;
  std::vector<std::jthread> threads;
  for (std::size_t worker = 0; worker < workers; ++worker) {
    threads.emplace_back([&, worker] {
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
  const Nanoseconds before = processor_time();
  std::this_thread::sleep_until(window.end);
  const Nanoseconds used = processor_time() - before;
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

void add_pairs(Outcome& outcome, std::vector<Nanoseconds> pairs) {
  outcome.figures.push_back({"pair p50 us", quantile(pairs, 0.5)});
  outcome.figures.push_back({"pair p99 us", quantile(pairs, 0.99)});
}

void add_hand_offs(Outcome& outcome, std::span<Samples> samples) {
  auto hand_offs = merged(samples, &Samples::hand_offs);
  auto waits = merged(samples, &Samples::waits);
  std::vector<double> shares;
  for (const Samples& one : samples) shares.push_back(static_cast<double>(one.waits.size()));
  outcome.figures.push_back({"hand-off p50 us", quantile(hand_offs, 0.5)});
  outcome.figures.push_back({"hand-off p99 us", quantile(hand_offs, 0.99)});
  outcome.figures.push_back({"hand-off p99.9 us", quantile(hand_offs, 0.999)});
  outcome.figures.push_back({"mean wait us", mean(waits)});
  outcome.figures.push_back({"longest wait us", quantile(waits, 1)});
  outcome.figures.push_back({"Jain's index", jain_index(shares)});
  outcome.figures.push_back({"violations", static_cast<double>(outcome.violations)});
}

}  // namespace

std::string to_string(const Workload& workload) {
  std::string text =
      fmt::format("{} {} {}", workload.keys == 0 ? "U" : "C", workload.way, workload.workers);
  if (workload.keys > 1) text += fmt::format(" on {}", workload.keys);
  return text;
}

std::string shared_key_name(int key) { return fmt::format("bench/shared/{}", key); }

Outcome run(const Workload& workload, std::span<const std::unique_ptr<Locker>> lockers,
            const ProcessorTime& processor_time, std::chrono::milliseconds length) {
  std::vector<Samples> samples(lockers.size());
  std::vector<SharedKey> keys(static_cast<std::size_t>(workload.keys));
  for (int i = 0; i < workload.keys; ++i)
    keys[static_cast<std::size_t>(i)].name = shared_key_name(i);
  const auto begin = Clock::now() + kWarmUp;
  Window window{.begin = begin, .end = begin + length};
  const Nanoseconds processor =
      run_threads(lockers.size(), window, processor_time, [&](std::size_t worker) {
        Locker& locker = *lockers[worker];
        if (keys.empty()) {
          work_on_own_key(locker, fmt::format("bench/own/{}", worker), window, samples[worker]);
        } else {
          work_on_shared_key(locker, window, keys[worker % keys.size()], samples[worker]);
        }
      });

  Outcome outcome;
  std::size_t count = 0;
  for (const Samples& one : samples) count += one.pairs.size() + one.waits.size();
  for (const SharedKey& key : keys) outcome.violations += key.violations;
  add_rate(outcome, count, length, processor);
  if (keys.empty()) {
    add_pairs(outcome, merged(samples, &Samples::pairs));
  } else {
    add_hand_offs(outcome, samples);
  }
  return outcome;
}

}  // namespace bench
