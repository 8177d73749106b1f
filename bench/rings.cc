// See rings.h.
#include "rings.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include "ring_process.h"
#include "server_process.h"
#include "statistics.h"

namespace bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::nanoseconds;

constexpr auto kWarmUp = std::chrono::seconds(1);
constexpr auto kStartOfAProcess = std::chrono::milliseconds(5);

fs::path file_of(const fs::path& folder, int ring, int place) {
  return folder / fmt::format("{}.{}", ring, place);
}

void save(const fs::path& file, const RingRecord& record) {
  std::ofstream stream(file, std::ios::binary);
  const std::uint64_t head[] = {record.handed_count, record.last_number, record.violations,
                                record.hand_offs.size()};
  stream.write(reinterpret_cast<const char*>(head), sizeof head);
  stream.write(reinterpret_cast<const char*>(record.hand_offs.data()),
               static_cast<std::streamsize>(record.hand_offs.size() * sizeof(Nanoseconds)));
}

RingRecord load(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::uint64_t head[4] = {};
  stream.read(reinterpret_cast<char*>(head), sizeof head);
  RingRecord record{.hand_offs = std::vector<Nanoseconds>(head[3]),
                    .handed_count = head[0],
                    .last_number = head[1],
                    .violations = head[2]};
  stream.read(reinterpret_cast<char*>(record.hand_offs.data()),
              static_cast<std::streamsize>(head[3] * sizeof(Nanoseconds)));
  if (!stream) throw std::runtime_error(fmt::format("{}: not whole", file.string()));
  return record;
}

[[noreturn]] void be_child(int ring, const RingPlace& place, const MakeBaton& make_baton,
                           const fs::path& file) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    {
      const std::unique_ptr<Baton> baton = make_baton(ring, place.place, place.ring);
      save(file, run_ring_process(place, *baton));
    }
    _exit(0);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}, place {}: {}\n", place.ring, place.place, error.what());
    _exit(1);
  }
}

/// The processes of all rings. Those that are left when this goes are killed.
class Children {
 public:
  Children() = default;
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;
  ~Children() {
    for (const pid_t pid : pids_) kill(pid, SIGKILL);
    for (const pid_t pid : pids_) waitpid(pid, nullptr, 0);
  }

  void start(int ring, const RingPlace& place, const MakeBaton& make_baton, const fs::path& file) {
    const pid_t pid = fork();
    if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid == 0) be_child(ring, place, make_baton, file);
    pids_.push_back(pid);
  }

  /// Throws std::runtime_error if one has failed; then the others would wait for it.
  void wait_for_all() {
    while (!pids_.empty()) {
      int status = 0;
      const pid_t pid = waitpid(pids_.back(), &status, 0);
      if (pid == pids_.back()) pids_.pop_back();
      if (status != 0) throw std::runtime_error("a process of a ring has failed");
    }
  }

 private:
  std::vector<pid_t> pids_;
};

/// What the processes of one ring say together: each number but the last was handed on once.
std::uint64_t violations_of_count(const std::vector<RingRecord>& ring) {
  std::uint64_t handed = 0;
  std::uint64_t last = 0;
  for (const RingRecord& record : ring) {
    handed += record.handed_count;
    last = std::max(last, record.last_number);
  }
  return handed == last + 1 ? 0 : 1;
}

Outcome outcome_of(const RingPlan& plan, Nanoseconds used) {
  std::vector<Nanoseconds> hand_offs;
  std::uint64_t violations = 0;
  for (int ring = 0; ring < plan.rings; ++ring) {
    std::vector<RingRecord> records;
    for (int place = 0; place < kRingSize; ++place) {
      records.push_back(load(file_of(plan.folder, ring, place)));
      const RingRecord& record = records.back();
      hand_offs.insert(hand_offs.end(), record.hand_offs.begin(), record.hand_offs.end());
      violations += record.violations;
    }
    violations += violations_of_count(records);
  }
  const auto count = static_cast<double>(hand_offs.size());
  const double used_us = std::chrono::duration<double, std::micro>(used).count();
  return {{{"hand-offs/s", count / std::chrono::duration<double>(plan.length).count()},
           {"hand-off p50 us", quantile(hand_offs, 0.5)},
           {"hand-off p99 us", quantile(hand_offs, 0.99)},
           {"hand-off p99.9 us", quantile(hand_offs, 0.999)},
           {"longest hand-off us", quantile(hand_offs, 1)},
           {"server CPU us/hand-off", count == 0 ? 0 : used_us / count},
           {"violations", static_cast<double>(violations)}},
          violations};
}

}  // namespace

Outcome run_rings(const RingPlan& plan, const MakeBaton& make_baton,
                  const ProcessorTime& processor_time) {
  fs::create_directories(plan.folder);
  const auto begin = Clock::now() + kWarmUp + kStartOfAProcess * plan.rings * kRingSize;
  const auto end = begin + plan.length;
  Children children;
  for (int ring = 0; ring < plan.rings; ++ring) {
    for (int place = 0; place < kRingSize; ++place) {
      children.start(ring,
                     {.ring = fmt::format("ring/{}/{}", plan.name, ring),
                      .place = place,
                      .begin = begin,
                      .end = end},
                     make_baton, file_of(plan.folder, ring, place));
    }
  }
  std::this_thread::sleep_until(begin);
  const Nanoseconds before = processor_time();
  std::this_thread::sleep_until(end);
  const Nanoseconds used = processor_time() - before;
  children.wait_for_all();
  return outcome_of(plan, used);
}

RingFigures measure_rings(const fs::path& turnstile, const fs::path& folder,
                          std::chrono::seconds length) {
  RingFigures figures;
  for (const int rings : {1, 8, 64}) {
    for (const JournalKind journal : {JournalKind::File, JournalKind::Memory}) {
      const std::string name = fmt::format("{} {}", rings, to_string(journal));
      const fs::path place = folder / fmt::format("{}-{}", rings, to_string(journal));
      fmt::print(stderr, "{} rings, {} journal\n", rings, to_string(journal));
      std::fflush(nullptr);
      ServerProcess server(turnstile, journal, place / "server");
      const MakeBaton make_baton = [&](int, int, const std::string& ring) {
        return make_task_baton(server.port(), ring);
      };
      const Outcome outcome = run_rings({rings, std::to_string(rings), place / "records", length},
                                        make_baton, [&] { return server.processor_time(); });
      figures.lines.push_back({name, outcome.figures});
      figures.violations += outcome.violations;
      server.stop();
    }
  }
  return figures;
}

}  // namespace bench
