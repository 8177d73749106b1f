// See starvation.h.
#include "starvation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "bare_connection.h"
#include "server_process.h"
#include "statistics.h"
#include "worker_threads.h"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kUrgent = 4;
constexpr int kPatient = 2;
constexpr int kPriority = 9;  ///< of the urgent; that of the patient is 0
constexpr int kOthers = kUrgent + kPatient - 1;
constexpr milliseconds kHold{10};
constexpr int kPatientWaits = 6;  ///< how many each patient worker has time for
constexpr std::string_view kKey = "bench/busy";

struct Grant {
  bool is_urgent = false;
  Clock::time_point asked;
  Clock::time_point granted;
};

/// What the workers find out together. Its figures are for when they have ended.
class Record {
 public:
  void add(const Grant& grant) {
    const std::lock_guard lock(mutex_);
    grants_.push_back(grant);
  }

  std::vector<Clock::duration> waits(bool is_urgent) const {
    std::vector<Clock::duration> waits;
    for (const Grant& grant : grants_) {
      if (grant.is_urgent == is_urgent) waits.push_back(grant.granted - grant.asked);
    }
    return waits;
  }
  Clock::duration longest_turn() const {
    Clock::duration longest{};
    for (std::size_t i = 1; i < grants_.size(); ++i) {
      longest = std::max(longest, grants_[i].granted - grants_[i - 1].granted);
    }
    return longest;
  }
  /// How many others were granted between `time` after a patient request and its own grant.
  std::size_t most_granted_later_than(Clock::duration time) const {
    std::size_t most = 0;
    for (const Grant& patient : grants_) {
      if (patient.is_urgent) continue;
      const auto later = std::ranges::count_if(grants_, [&](const Grant& other) {
        return other.granted > patient.asked + time && other.granted < patient.granted;
      });
      most = std::max(most, static_cast<std::size_t>(later));
    }
    return most;
  }

 private:
  std::mutex mutex_;
  std::vector<Grant> grants_;
};

double in_ms(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

void work(BareConnection& connection, bool is_urgent, Clock::time_point end, Record& record) {
  while (Clock::now() < end) {
    const auto asked = Clock::now();
    const resp::Value grant = connection.call({"LOCK.ACQUIRE", kKey, "WAIT", "600000", "PRIORITY",
                                               is_urgent ? std::to_string(kPriority) : "0"});
    record.add({is_urgent, asked, Clock::now()});
    std::this_thread::sleep_for(kHold);
    const auto token = grant.find("token")->as_integer();
    connection.call({"LOCK.RELEASE", kKey, std::to_string(token.value())});
  }
}

/// `patient` workers without priority beside the urgent ones.
void run_workers(std::uint16_t port, int patient, milliseconds length, Record& record) {
  std::vector<std::unique_ptr<BareConnection>> connections;
  for (int n = 0; n < kUrgent + patient; ++n) {
    connections.push_back(std::make_unique<BareConnection>(port));
  }
  const auto end = Clock::now() + length;
  run_in_threads(connections.size(),
                 [&](std::size_t n) { work(*connections[n], n < kUrgent, end, record); });
}

Line measure(const ServerProcess& server, milliseconds step, milliseconds length) {
  Record alone;
  run_workers(server.port(), 0, milliseconds(2'000), alone);
  Record record;
  run_workers(server.port(), kPatient, length, record);
  const auto longest = [](const std::vector<Clock::duration>& waits) {
    return waits.empty() ? 0 : in_ms(*std::ranges::max_element(waits));
  };
  const std::vector<Clock::duration> without = alone.waits(true);
  const auto waited = static_cast<double>(
      std::ranges::count_if(without, [](Clock::duration wait) { return wait > kHold / 2; }));
  const std::vector<Clock::duration> urgent = record.waits(true);
  std::vector<Clock::duration> patient = record.waits(false);
  const double worth = in_ms(step) * kPriority;
  const double before = in_ms(record.longest_turn()) * kOthers;
  const std::size_t later = record.most_granted_later_than(step * kPriority);
  return {fmt::format("step {} ms", step.count()),
          {{"urgent alone: grants", static_cast<double>(without.size())},
           {"urgent alone: of these waited, %",
            without.empty() ? 0 : waited / static_cast<double>(without.size()) * 100},
           {"urgent grants beside the patient", static_cast<double>(urgent.size())},
           {"urgent: longest wait, ms", longest(urgent)},
           {"patient grants", static_cast<double>(patient.size())},
           {"patient: median wait, ms", quantile(patient, 0.5) / 1'000},
           {"patient: longest wait, ms", longest(patient)},
           {"bound: priority x step, ms", worth},
           {"bound: and a turn of each other, ms", before},
           {"bound, ms", worth + before},
           {"others granted after priority x step, at most", static_cast<double>(later)},
           {"allowed", kOthers}}};
}

}  // namespace

std::vector<Line> measure_starvation(const std::filesystem::path& turnstile,
                                     const std::filesystem::path& folder,
                                     std::chrono::seconds length) {
  std::vector<Line> lines;
  for (const milliseconds step : {milliseconds(100), milliseconds(1'000)}) {
    const milliseconds enough = std::max<milliseconds>(length, step * kPriority * kPatientWaits);
    fmt::print(stderr, "ageing step {} ms: {} s\n", step.count(), enough.count() / 1'000 + 2);
    ServerProcess server(turnstile, JournalKind::File, folder / std::to_string(step.count()),
                         fmt::format("ageing_step_ms = {}\n", step.count()));
    lines.push_back(measure(server, step, enough));
    server.stop();
  }
  return lines;
}

}  // namespace bench
