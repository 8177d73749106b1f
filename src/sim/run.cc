// Progress, the line that replays a failure, and the sum.
#include "sim/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>

#include "checker/history.h"
#include "sim/world.h"

namespace sim {
namespace {

/// What all worlds of a run add up to.
struct Sum {
  std::uint64_t seeds = 0;
  std::uint64_t operations = 0;
  std::uint64_t answered = 0;
  std::uint64_t entries = 0;
  std::uint64_t rounds = 0;
  std::uint64_t overlaps = 0;
  double hours = 0;
  FaultCounts faults;

  void add(const Report& report) {
    ++seeds;
    operations += report.operations;
    answered += report.answered;
    entries += report.entries;
    rounds += report.rounds;
    overlaps += report.overlaps;
    hours += static_cast<double>(report.time.us()) / 3'600e6;
    faults.add(report.faults);
  }
};

constexpr std::string_view kFaultTexts[] = {
#define TURNSTILE_SIM_FAULT(name, what) what,
    TURNSTILE_SIM_FAULTS(TURNSTILE_SIM_FAULT)
#undef TURNSTILE_SIM_FAULT
};

void print_json(const Sum& sum, double seconds) {
  std::string faults;
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    faults += fmt::format("{}\"{}\": {}", i == 0 ? "" : ", ", kFaultNames[i],
                          sum.faults.of(static_cast<Fault>(i)));
  }
  fmt::print(
      "{{\"seeds\": {}, \"operations\": {}, \"answered\": {}, \"entries\": {}, \"rounds\": {}, "
      "\"overlaps\": {}, \"simulated_hours\": {:.3f}, \"seconds\": {:.1f}, \"faults\": {{{}}}}}\n",
      sum.seeds, sum.operations, sum.answered, sum.entries, sum.rounds, sum.overlaps, sum.hours,
      seconds, faults);
}

void print_text(const Sum& sum, double seconds) {
  fmt::print("{} seeds in {:.1f} s: {} operations, {} answered; {} entries journalled;\n",
             sum.seeds, seconds, sum.operations, sum.answered, sum.entries);
  fmt::print("{} rounds of work through the library; {:.2f} simulated hours\n", sum.rounds,
             sum.hours);
  fmt::print("{} times two holders believed in one lock while a clock stood still\n", sum.overlaps);
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    fmt::print("{:>10}  {}\n", sum.faults.of(static_cast<Fault>(i)), kFaultTexts[i]);
  }
}

void show_progress(std::uint64_t done, std::uint64_t count) {
  fmt::print(stderr, "\r{} of {} seeds", done, count);
  if (done == count) fmt::print(stderr, "\n");
  std::fflush(stderr);
}

int report_failure(std::uint64_t seed, const std::vector<std::string>& complaints) {
  fmt::print(stderr, "\n");
  for (const std::string& complaint : complaints) fmt::print(stderr, "{}\n", complaint);
  fmt::print(stderr, "seed {} fails; to see it again: turnstile-sim {}\n", seed, seed);
  return 1;
}

/// The exit status.
int report_missing_faults(const FaultCounts& faults) {
  int missing = 0;
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    if (faults.of(static_cast<Fault>(i)) > 0) continue;
    ++missing;
    fmt::print(stderr, "{} never happened ({}): nothing was tested of it; run more seeds\n",
               kFaultNames[i], kFaultTexts[i]);
  }
  return missing == 0 ? 0 : 1;
}

}  // namespace

int run(const RunOptions& options) {
  const auto started = std::chrono::steady_clock::now();
  const bool has_progress = !options.is_quiet && options.count > 1 && ::isatty(STDERR_FILENO) != 0;
  Sum sum;
  for (std::uint64_t i = 0; i < options.count; ++i) {
    const std::uint64_t seed = options.first + i;
    World world(Plan::of(seed));
    Report report = world.run();
    if (options.prints_history) {
      for (const auto& operation : world.history()) checker::write_operation(std::cout, operation);
    }
    // One in a hundred is run again: what cannot be repeated cannot be mended.
    if (report.complaints.empty() && (options.is_twice || seed % 100 == 0)) {
      const Report again = World(Plan::of(seed)).run();
      if (again.print != report.print) report.complaints = {"a second run went another way"};
    }
    if (!report.complaints.empty()) return report_failure(seed, report.complaints);
    sum.add(report);
    if (has_progress && (i + 1 == options.count || i % 10 == 9))
      show_progress(i + 1, options.count);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  if (options.is_json) {
    print_json(sum, took.count());
  } else {
    print_text(sum, took.count());
  }
  return options.needs_every_fault ? report_missing_faults(sum.faults) : 0;
}

}  // namespace sim
