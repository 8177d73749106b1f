// `turnstile work`: a worker of a pool, which runs COMMAND for one ready task after another.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/exit_status.h"
#include "cli/flow/attempt_text.h"
#include "cli/flow/running.h"
#include "cli/subcommands.h"

namespace cli {
namespace {

struct WorkArguments : RunningOptions {
  std::vector<std::string> tasks;
  std::string flows;
  bool once = false;
  bool as_json = false;
};

/// Waits for the next ready task.
Running::Get take(const WorkArguments& arguments) {
  turnstile::TakeOptions options;
  options.flows = arguments.flows;
  options.wait = arguments.wait;
  options.priority = arguments.priority;
  options.note = arguments.note;
  return
      [tasks = arguments.tasks, options](turnstile::Client& client, std::stop_token stop) mutable {
        options.stop = std::move(stop);
        return client.take(tasks, options);
      };
}

/// Whether a worker to which this happened can be expected to do better with the next task.
bool can_go_on(AttemptEnd end) {
  return end != AttemptEnd::CannotStart && end != AttemptEnd::Unknown;
}

/// Runs COMMAND and prints a line when it is over, at once, for those who follow a log.
AttemptReport run_and_tell(Running& running, turnstile::Attempt attempt, bool as_json) {
  AttemptSummary summary{.flow = attempt.flow(),
                         .task = attempt.task(),
                         .number = attempt.number(),
                         .token = attempt.token()};
  const auto start = std::chrono::steady_clock::now();
  summary.report = running.run(std::move(attempt), true, false);
  summary.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  fmt::print("{}\n", as_json ? attempt_json(summary) : attempt_text(summary));
  std::fflush(stdout);
  return summary.report;
}

int run_work(const Program& program, const WorkArguments& arguments) {
  const auto& command = program.after_dashes();
  if (!command || command->empty()) {
    return complain(
        "say what to run for each task, after two dashes:\n"
        "  turnstile work TASK... -- COMMAND...",
        ExitStatus::Usage);
  }
  Running running(arguments, *command);
  const Running::Get get = take(arguments);
  while (true) {
    auto outcome = running.get(get);
    if (const auto* interrupted = std::get_if<Interrupted>(&outcome)) {
      return end_by(interrupted->signal);
    }
    const AttemptReport report =
        run_and_tell(running, std::get<turnstile::Attempt>(std::move(outcome)), arguments.as_json);
    if (arguments.once || !can_go_on(report.end)) return report.status;
    if (const auto signal = running.asked_to_end()) return end_by(*signal);
  }
}

}  // namespace

void add_work(Program& program) {
  const auto arguments = std::make_shared<WorkArguments>();
  CLI::App& app = program.add(
      {.name = "work",
       .summary = "Takes the ready tasks of these names, in any flow, one after another, and runs\n"
                  "COMMAND for each until it is stopped. Prints a line for each attempt.",
       .usage = "TASK... [OPTIONS] -- COMMAND...",
       .examples = "turnstile work capture refund -- ./gateway.sh\n"
                   "turnstile work mail --flows eu/ -- ./mail.sh\n"
                   "turnstile work report --once --wait 0 -- ./report.sh",
       .remarks = kRunningRemarks},
      [arguments, &program] { return run_work(program, *arguments); });
  program.keep_after_dashes(app);
  app.add_option("TASK", arguments->tasks, "The names of the tasks to take")->required();
  app.add_option("--flows", arguments->flows, "Only in flows whose names begin with this")
      ->type_name("PREFIX");
  add_duration_option(app, "--wait", arguments->wait,
                      "Ends if there is no task for so long; 0 only looks. Without it: waits on");
  app.add_flag("--once", arguments->once, "Takes one task, and exits as `task` does");
  app.add_flag("--json", arguments->as_json, "Prints each attempt as one line of JSON");
  add_running_options(app, *arguments);
}

}  // namespace cli
