// The line that replays a failure, and the sum.
#include "sim/cluster/run.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "sim/cluster/world.h"

namespace sim {
namespace {

struct Sum {
  std::uint64_t seeds = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t terms = 0;
  double hours = 0;
  ClusterFaultCounts faults{};

  void add(const ClusterReport& report) {
    ++seeds;
    acknowledged += report.acknowledged;
    terms += report.terms;
    hours += static_cast<double>(report.time.us()) / 3'600e6;
    for (std::size_t i = 0; i < faults.size(); ++i) faults[i] += report.faults[i];
  }
};

void print_json(const Sum& sum, double seconds) {
  std::string faults;
  for (std::size_t i = 0; i < kClusterFaults.size(); ++i) {
    faults +=
        fmt::format("{}\"{}\": {}", i == 0 ? "" : ", ", kClusterFaults[i].name, sum.faults[i]);
  }
  fmt::print(
      "{{\"seeds\": {}, \"entries\": {}, \"terms\": {}, \"simulated_hours\": {:.3f}, \"seconds\": "
      "{:.1f}, \"faults\": {{{}}}}}\n",
      sum.seeds, sum.acknowledged, sum.terms, sum.hours, seconds, faults);
}

void print_text(const Sum& sum, double seconds) {
  fmt::print(
      "{} seeds in {:.1f} s: {} entries answered for by {} leaders; {:.2f} simulated hours\n",
      sum.seeds, seconds, sum.acknowledged, sum.terms, sum.hours);
  for (std::size_t i = 0; i < kClusterFaults.size(); ++i) {
    fmt::print("{:>10}  {}\n", sum.faults[i], kClusterFaults[i].what);
  }
}

int report_failure(std::uint64_t seed, const std::vector<std::string>& complaints) {
  for (const std::string& complaint : complaints) fmt::print(stderr, "{}\n", complaint);
  fmt::print(stderr, "seed {} fails; to see it again: turnstile-sim {} --cluster\n", seed, seed);
  return 1;
}

int report_missing_faults(const Sum& sum) {
  int status = 0;
  for (std::size_t i = 0; i < kClusterFaults.size(); ++i) {
    if (sum.faults[i] > 0) continue;
    status = 1;
    fmt::print(stderr, "{} never happened ({}): nothing was tested of it; run more seeds\n",
               kClusterFaults[i].name, kClusterFaults[i].what);
  }
  return status;
}

}  // namespace

int run_clusters(const RunOptions& options) {
  const auto started = std::chrono::steady_clock::now();
  Sum sum;
  for (std::uint64_t seed = options.first; seed < options.first + options.count; ++seed) {
    ClusterReport report = ClusterWorld(seed).run();
    if (report.complaints.empty() && (options.is_twice || seed % 100 == 0)) {
      const ClusterReport again = ClusterWorld(seed).run();
      if (again.print != report.print) report.complaints = {"a second run went another way"};
    }
    if (!report.complaints.empty()) return report_failure(seed, report.complaints);
    sum.add(report);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  options.is_json ? print_json(sum, took.count()) : print_text(sum, took.count());
  return options.needs_every_fault ? report_missing_faults(sum) : 0;
}

}  // namespace sim
