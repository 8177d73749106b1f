// See close_act.h.
#include "close_act.h"

#include <fmt/format.h>
#include <turnstile/turnstile.h>

#include <chrono>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "close_steps.h"
#include "figures.h"
#include "interrupted.h"
#include "protocol.h"

namespace payments {
namespace {

using namespace std::chrono_literals;

constexpr auto kPause = 20ms;
constexpr auto kPatience = 30s;
constexpr int kFirstNumber = 11;  ///< of these workers; those of the payments have lower ones

std::vector<std::unique_ptr<StepProcess>> start_workers(const StepPlan& plan) {
  std::vector<std::string> names;
  for (const DeclaredTask& task : close_tasks()) names.push_back(task.name);
  std::vector<std::unique_ptr<StepProcess>> workers;
  for (int i = 0; i < kBranches; ++i) {
    workers.push_back(std::make_unique<StepProcess>(plan, kFirstNumber + i, names));
  }
  return workers;
}

/// Calls `is_done` until it is true.
template <class Condition>
void wait_until(Condition is_done, const char* what, const volatile std::sig_atomic_t& is_stopped) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!is_done()) {
    if (is_stopped) throw Interrupted();
    if (std::chrono::steady_clock::now() > end) {
      throw std::runtime_error(fmt::format("{} does not come about", what));
    }
    std::this_thread::sleep_for(kPause);
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

Close run_close(const StepPlan& plan, Progress& progress,
                const volatile std::sig_atomic_t& is_stopped) {
  const auto client = turnstile::Client::connect(plan.server, {.name = "end of day"});
  turnstile::Flow flow = client.flow(kCloseFlow);
  turnstile::Event cut_off(client, kCutOff);
  for (const DeclaredTask& task : close_tasks()) flow.add(task.name, task.options);
  const auto workers = start_workers(plan);
  wait_until([&] { return cut_off.info().integer_of("waiting") == kBranches; },
             "that all branches wait for the cut-off", is_stopped);

  Close close{.why = flow.why(kTrialBalance)};
  progress.note(fmt::format("{} branches wait for the cut-off, which is given now", kBranches));
  const std::int64_t started_us = now_us();
  cut_off.set("no payment of today any more");
  turnstile::TaskResult sums;
  wait_until(
      [&] {
        auto result = flow.try_result(kTrialBalance);
        if (result) sums = *result;
        return result.has_value();
      },
      "the trial balance", is_stopped);
  close.seconds = static_cast<double>(now_us() - started_us) / 1e6;
  if (!sums.is_completed()) throw std::runtime_error("no trial balance: " + sums.reason);
  close.trial_balance = lines_of(sums.result);
  progress.note(fmt::format("the books are closed after {}",
                            duration(static_cast<double>(now_us() - started_us))));
  for (const auto& worker : workers) worker->finish();
  for (const auto& worker : workers) worker->process().wait_for(kPatience);
  return close;
}

}  // namespace payments
