// `turnstile task`: joins a task of a flow and runs COMMAND when it is its turn.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/exit_status.h"
#include "cli/flow/running.h"
#include "cli/subcommands.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "turnstile/flow.h"

namespace cli {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kTaskTimeMax = std::chrono::hours(24 * 30);

struct TaskArguments : RunningOptions {
  std::string flow;
  std::string task;
  std::vector<std::string> after;
  bool is_first = false;
  std::optional<milliseconds> preempt;
  std::string input;  ///< as it was given; @FILE is read when the task is joined
  bool once = false;
  turnstile::TaskOptions declaration;
};

/// The text, or the contents of the file behind an @.
std::string text_or_file(const std::string& given) {
  if (!given.starts_with('@')) return given;
  std::ifstream file(given.substr(1), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (file.bad() || !file.is_open()) {
    throw std::system_error(errno, std::generic_category(), "cannot read " + given.substr(1));
  }
  return bytes;
}

turnstile::TaskOptions declaration_of(const TaskArguments& arguments) {
  turnstile::TaskOptions declaration = arguments.declaration;
  if (arguments.is_first) declaration.after = turnstile::After::nothing();
  if (!arguments.after.empty()) declaration.after = arguments.after;
  if (!arguments.input.empty()) declaration.input = text_or_file(arguments.input);
  return declaration;
}

/// Waits until the task is ours to run.
Running::Get join(const TaskArguments& arguments) {
  turnstile::RunOptions options;
  options.wait = arguments.wait;
  options.priority = arguments.priority;
  options.preempt = arguments.preempt;
  options.note = arguments.note;
  return [flow = arguments.flow, task = arguments.task, declaration = declaration_of(arguments),
          options](turnstile::Client& client, std::stop_token stop) mutable {
    options.stop = std::move(stop);
    return client.flow(flow).join(task, declaration, options);
  };
}

void write_result(const std::string& result) {
  std::fwrite(result.data(), 1, result.size(), stdout);
}

/// The task ended without us. Its result is as good as one of our own.
int tell_end(Running& running, const TaskArguments& arguments, const turnstile::Error& error) {
  const auto outcome = running.client().flow(arguments.flow).try_result(arguments.task);
  if (!outcome || !outcome->is_completed()) return complain(error);
  fmt::print(stderr, "turnstile: the task is completed already; COMMAND did not run\n");
  write_result(outcome->result);
  return number_of(ExitStatus::Success);
}

int run_until_ended(Running& running, const TaskArguments& arguments) {
  const Running::Get get = join(arguments);
  while (true) {
    auto outcome = running.get(get);
    if (const auto* interrupted = std::get_if<Interrupted>(&outcome)) {
      return end_by(interrupted->signal);
    }
    const AttemptReport report = running.run(std::get<turnstile::Attempt>(std::move(outcome)),
                                             !arguments.declaration.timeout, true);
    const bool goes_on = report.end == AttemptEnd::TriedAgain || report.end == AttemptEnd::Wanted;
    if (report.end == AttemptEnd::Completed) write_result(report.result);
    if (!goes_on || arguments.once || running.asked_to_end()) return report.status;
  }
}

int run_task(const Program& program, const TaskArguments& arguments) {
  const auto& command = program.after_dashes();
  if (!command || command->empty()) {
    return complain(
        "say what to run when it is its turn, after two dashes:\n"
        "  turnstile task FLOW TASK -- COMMAND...",
        ExitStatus::Usage);
  }
  Running running(arguments, *command);
  try {
    return run_until_ended(running, arguments);
  } catch (const turnstile::Error& error) {
    if (error.code() != turnstile::ErrorCode::Ended) throw;
    return tell_end(running, arguments, error);
  }
}

/// `1s` or `1s,30s`.
void read_backoff(const std::string& text, turnstile::TaskOptions& declaration) {
  const std::size_t comma = text.find(',');
  const auto first = parse_duration(text.substr(0, comma));
  if (!first) throw CLI::ValidationError("--backoff", first.error().message);
  declaration.backoff = *first;
  if (comma == std::string::npos) return;
  const auto max = parse_duration(text.substr(comma + 1));
  if (!max) throw CLI::ValidationError("--backoff", max.error().message);
  declaration.backoff_max = *max;
}

template <class Enum>
void add_choice(CLI::App& app, const std::string& name, std::optional<Enum>& value,
                std::vector<std::pair<std::string, Enum>> choices, const std::string& help) {
  std::string words;
  for (const auto& [word, choice] : choices) words += (words.empty() ? "" : "|") + word;
  const auto read = [name, &value, choices = std::move(choices), words](const std::string& text) {
    for (const auto& [word, choice] : choices) {
      if (text == word) value = choice;
    }
    if (!value) throw CLI::ValidationError(name, "must be one of " + words);
  };
  app.add_option_function<std::string>(name, read, help)->type_name(words);
}

void add_declaration_options(CLI::App& app, TaskArguments& arguments) {
  using turnstile::OnDead;
  using turnstile::When;
  turnstile::TaskOptions& declaration = arguments.declaration;
  CLI::Option* after = app.add_option("--after", arguments.after, "The tasks that it comes after")
                           ->type_name("TASK...");
  app.add_flag("--first", arguments.is_first, "It comes after no other task")->excludes(after);
  add_choice<When>(
      app, "--when", declaration.when,
      {{"completed", When::Completed}, {"ended", When::Ended}, {"failed", When::Failed}},
      "It runs if all before it completed, when all ended, or if one failed");
  add_choice<OnDead>(app, "--on-dead", declaration.on_dead,
                     {{"hold", OnDead::Hold}, {"skip", OnDead::Skip}},
                     "If nobody knows how it ended: hold those behind it, or skip it");
  add_duration_option(app, "--timeout", declaration.timeout,
                      "How long COMMAND may run; without it, as long as it likes");
  app.add_option("--attempts", declaration.attempts, "How often it is tried (5)")->type_name("N");
  app.add_option_function<std::string>(
         "--backoff", [&](const std::string& text) { read_backoff(text, declaration); },
         "Pause before another attempt, doubled up to the second TIME (100ms,30s)")
      ->type_name("TIME[,TIME]");
  add_duration_option(app, "--delay", declaration.delay, "It does not start before", kTaskTimeMax);
  add_duration_option(app, "--deadline", declaration.deadline, "Of all attempts (24h)",
                      kTaskTimeMax);
  app.add_option("--input", arguments.input, "For COMMAND, in TURNSTILE_INPUT")
      ->type_name("TEXT|@FILE");
}

}  // namespace

void add_task(Program& program) {
  const auto arguments = std::make_shared<TaskArguments>();
  CLI::App& app = program.add(
      {.name = "task",
       .summary =
           "Declares a task of a flow, runs COMMAND when all before it have ended and it is\n"
           "its turn, and tells the flow what came of it. Prints the result, also if the task\n"
           "was completed before.",
       .usage = "FLOW TASK [OPTIONS] -- COMMAND...",
       .examples = "turnstile task pay/7 reserve --first -- ./reserve.sh 700\n"
                   "turnstile task pay/7 capture --after reserve -- ./capture.sh\n"
                   "turnstile task pay/7 undo --after reserve capture --when failed -- ./undo.sh",
       .remarks = std::string("Without --after or --first it comes after the task that was "
                              "declared last.\n") +
                  kRunningRemarks},
      [arguments, &program] { return run_task(program, *arguments); });
  program.keep_after_dashes(app);
  app.add_option("FLOW", arguments->flow, "The flow")->required();
  app.add_option("TASK", arguments->task, "The task")->required();
  add_declaration_options(app, *arguments);
  add_duration_option(app, "--wait", arguments->wait,
                      "Gives up after this; 0 only tries. Without it: waits as long as it takes");
  add_duration_option(app, "--preempt", arguments->preempt,
                      "Takes it from who runs it with less priority, after so long");
  app.add_flag("--once", arguments->once, "Leaves further attempts to others");
  add_running_options(app, *arguments);
}

}  // namespace cli
