// See expected.h.
#include "expected.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>

#include "bare_connection.h"
#include "server_process.h"
#include "worker_threads.h"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;
using Random = std::mt19937_64;

constexpr std::size_t kWorkers = 8;
constexpr double kHoldMs = 20;
constexpr double kPauseMs = 100;  ///< the mean between a release and the next request
constexpr std::int64_t kWithinMs = 60;
constexpr auto kWarmUp = std::chrono::seconds(1);

struct Holds {
  std::string name;
  std::function<double(Random&)> ms;
};

std::vector<Holds> kinds_of_holds() {
  return {{"fixed", [](Random&) { return kHoldMs; }},
          {"uniform", std::uniform_real_distribution<double>(0.25 * kHoldMs, 1.75 * kHoldMs)},
          {"exponential", std::exponential_distribution<double>(1 / kHoldMs)}};
}

/// One wait: what was said and what came of it.
struct Wait {
  double expected_ms = 0;
  double actual_ms = 0;
  bool asked_within = false;
  bool was_refused = false;
  double refusal_ms = 0;  ///< what the refusal said
};

/// The number behind "expect to wait" in a refusal.
double expected_in(const std::string& sentence) {
  constexpr std::string_view kWords = "expect to wait ";
  const std::size_t at = sentence.find(kWords);
  if (at == std::string::npos) throw std::runtime_error("refused without a reason: " + sentence);
  return std::stod(sentence.substr(at + kWords.size()));
}

class Worker {
 public:
  Worker(std::uint16_t port, std::string key, const Holds& holds, std::uint64_t seed)
      : connection_(port), key_(std::move(key)), hold_ms_(holds.ms), random_(seed) {}

  void work(Clock::time_point begin, Clock::time_point end) {
    while (Clock::now() < end) {
      std::this_thread::sleep_for(Milliseconds(pause_ms_(random_)));
      const std::optional<Wait> wait = turn();
      if (wait && Clock::now() >= begin) waits_.push_back(*wait);
    }
  }
  const std::vector<Wait>& waits() const { return waits_; }

 private:
  /// Nothing if there was nobody to wait for, or nothing known yet.
  std::optional<Wait> turn() {
    Wait wait;
    wait.asked_within = random_() % 2 == 0;
    auto asked = Clock::now();
    connection_.say({"LOCK.INFO", key_});
    ask(wait.asked_within);
    const resp::Value info = connection_.read();
    resp::Value grant = connection_.read();
    if (grant.error_code() == "BUSY") {
      wait.was_refused = true;
      wait.refusal_ms = expected_in(grant.text);
      asked = Clock::now();
      ask(false);
      grant = connection_.read();
    }
    if (grant.is_error()) throw std::runtime_error(grant.text);
    wait.actual_ms = Milliseconds(Clock::now() - asked).count();
    std::this_thread::sleep_for(Milliseconds(hold_ms_(random_)));
    const auto token = grant.find("token")->as_integer();
    connection_.call({"LOCK.RELEASE", key_, std::to_string(token.value())});
    const auto held = info.find("held")->as_integer();
    const auto expected = info.find("expected")->as_integer();
    if (held == 0 || !expected) return std::nullopt;
    wait.expected_ms = static_cast<double>(*expected);
    return wait;
  }

  void ask(bool is_within) {
    if (is_within) {
      connection_.say({"LOCK.ACQUIRE", key_, "WAIT", "60000", "IFWITHIN", within_});
    } else {
      connection_.say({"LOCK.ACQUIRE", key_, "WAIT", "60000"});
    }
  }

  const std::string within_ = std::to_string(kWithinMs);
  BareConnection connection_;
  std::string key_;
  std::function<double(Random&)> hold_ms_;
  Random random_;
  std::exponential_distribution<double> pause_ms_{1 / kPauseMs};
  std::vector<Wait> waits_;
};

double share(std::size_t part, std::size_t all) {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all) * 100;
}

/// What was waited for each millisecond expected. Expectations are told in whole milliseconds, so
/// 0 stands for a half.
double ratio(double expected_ms, double actual_ms) {
  return actual_ms / std::max(expected_ms, 0.5);
}

bool is_within_two(double ratio) { return ratio >= 0.5 && ratio <= 2; }

double at(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
}

Line line_of(const std::string& name, const std::vector<Wait>& waits) {
  std::vector<double> ratios;
  double waited = 0;
  std::size_t within_two = 0, near = 0;
  std::size_t refused = 0, rightly_refused = 0, refusals_within_two = 0;
  std::size_t let_in = 0, rightly_let_in = 0;
  for (const Wait& wait : waits) {
    ratios.push_back(ratio(wait.expected_ms, wait.actual_ms));
    waited += wait.actual_ms;
    within_two += is_within_two(ratios.back());
    near += is_within_two(ratios.back()) || std::abs(wait.actual_ms - wait.expected_ms) <= 2;
    if (!wait.asked_within) continue;
    const bool was_long = wait.actual_ms > static_cast<double>(kWithinMs);
    if (wait.was_refused) {
      ++refused;
      rightly_refused += was_long;
      refusals_within_two += is_within_two(ratio(wait.refusal_ms, wait.actual_ms));
    } else {
      ++let_in;
      rightly_let_in += !was_long;
    }
  }
  std::ranges::sort(ratios);
  return {name,
          {{"waits", static_cast<double>(waits.size())},
           {"mean wait, ms", waits.empty() ? 0 : waited / static_cast<double>(waits.size())},
           {"within a factor of two, %", share(within_two, waits.size())},
           {"so, or within 2 ms, %", share(near, waits.size())},
           {"waited / expected, median", at(ratios, 0.5)},
           {"waited / expected, 5 %", at(ratios, 0.05)},
           {"waited / expected, 95 %", at(ratios, 0.95)},
           {"IFWITHIN: refused", static_cast<double>(refused)},
           {"IFWITHIN: rightly refused, %", share(rightly_refused, refused)},
           {"IFWITHIN: refused within a factor of two, %", share(refusals_within_two, refused)},
           {"IFWITHIN: let in", static_cast<double>(let_in)},
           {"IFWITHIN: rightly let in, %", share(rightly_let_in, let_in)}}};
}

}  // namespace

std::vector<Line> measure_expected(const std::filesystem::path& turnstile,
                                   const std::filesystem::path& folder,
                                   std::chrono::seconds length) {
  std::vector<Line> lines;
  ServerProcess server(turnstile, JournalKind::File, folder / "expected");
  for (const Holds& holds : kinds_of_holds()) {
    fmt::print(stderr, "{} holds of {} ms: {} s\n", holds.name, kHoldMs, length.count() + 1);
    std::vector<std::unique_ptr<Worker>> workers;
    for (std::size_t n = 0; n < kWorkers; ++n) {
      workers.push_back(std::make_unique<Worker>(server.port(), "bench/" + holds.name, holds, n));
    }
    const auto begin = Clock::now() + kWarmUp;
    run_in_threads(kWorkers, [&](std::size_t n) { workers[n]->work(begin, begin + length); });
    std::vector<Wait> waits;
    for (const auto& worker : workers) {
      waits.insert(waits.end(), worker->waits().begin(), worker->waits().end());
    }
    lines.push_back(line_of(holds.name, waits));
  }
  server.stop();
  return lines;
}

}  // namespace bench
