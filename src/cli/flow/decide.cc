// `turnstile why`, `turnstile redrive` and `turnstile cancel`: what holds a task up, and what an
// operator decides about it, after it was shown and said yes to.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/confirmation.h"
#include "cli/exit_status.h"
#include "cli/lock_words.h"
#include "cli/reply_text.h"
#include "cli/subcommands.h"
#include "cli/text.h"
#include "turnstile/client.h"

namespace cli {
namespace {

using turnstile::Reply;

struct DecideArguments {
  std::string url;
  std::string flow;
  std::string task;
  std::string reason;
  bool yes = false;
  bool as_json = false;
};

Reply why(turnstile::Client& client, const DecideArguments& arguments) {
  return client.call({"TASK.WHY", arguments.flow, arguments.task});
}

/// One cause a line.
std::string causes(const Reply& answer, std::string_view indent) {
  std::string text;
  for (const Reply& line : items_of(answer, "why")) {
    text += fmt::format("{}{}\n", indent, printable(line.text));
  }
  return text;
}

int run_why(const DecideArguments& arguments) {
  auto client = turnstile::Client::connect(arguments.url, {.session = false});
  const Reply answer = why(client, arguments);
  fmt::print("{}", arguments.as_json ? json_text(answer) + "\n" : causes(answer, ""));
  const bool is_known = answer.text_of("state") != "unknown";
  return number_of(is_known ? ExitStatus::Success : ExitStatus::Refused);
}

/// What is to be done with a task, and how it is said.
struct Decision {
  std::string question;  ///< has {} for the task
  std::string done;
  std::string not_done;
  std::string command;
};

int run_decision(const DecideArguments& arguments, const Decision& decision) {
  auto client = turnstile::Client::connect(arguments.url, {.session = false});
  const std::string question =
      fmt::format(fmt::runtime(decision.question), in_quotes_if_needed(arguments.task));
  if (!arguments.yes) {
    const auto status = ask(false, question, causes(why(client, arguments), "  "));
    if (status) return number_of(*status);
  }
  std::vector<std::string> words{decision.command, arguments.flow, arguments.task};
  if (!arguments.reason.empty()) words.insert(words.end(), {"REASON", arguments.reason});
  const turnstile::Result<Reply> reply = client.try_call(words);
  if (reply.failed_with(turnstile::ErrorCode::Stale)) {
    return complain(reply.error().what(), ExitStatus::Refused);  // it is forgotten, not lost
  }
  if (reply.value().integer == 0) return complain(decision.not_done, ExitStatus::Refused);
  fmt::print("{}\n", decision.done);
  return number_of(ExitStatus::Success);
}

void add_names(CLI::App& app, DecideArguments& arguments) {
  app.add_option("FLOW", arguments.flow, "The flow")->required();
  app.add_option("TASK", arguments.task, "The task")->required();
  add_server_option(app, arguments.url);
}

void add_decision(Program& program, const Description& description, const Decision& decision) {
  const auto arguments = std::make_shared<DecideArguments>();
  CLI::App& app = program.add(description,
                              [arguments, decision] { return run_decision(*arguments, decision); });
  add_names(app, *arguments);
  app.add_option("--reason", arguments->reason, "Why; the journal keeps it")->type_name("TEXT");
  app.add_flag("--yes", arguments->yes, "Does not ask");
}

}  // namespace

void add_why(Program& program) {
  const auto arguments = std::make_shared<DecideArguments>();
  CLI::App& app = program.add({.name = "why",
                               .summary = "Tells what a task waits for, or how it ended, cause by "
                                          "cause.",
                               .usage = "FLOW TASK [OPTIONS]",
                               .examples = "turnstile why pay/7 capture"},
                              [arguments] { return run_why(*arguments); });
  add_names(app, *arguments);
  add_json_option(app, arguments->as_json);
}

void add_redrive(Program& program) {
  add_decision(program,
               {.name = "redrive",
                .summary = "Lets a dead task run again, with all its attempts, after asking.",
                .usage = "FLOW TASK [OPTIONS]",
                .examples = "turnstile redrive pay/7 capture --reason 'nothing was booked'"},
               {.question = "Is it known that {} may be run again?",
                .done = "redriven",
                .not_done = "the task is not dead, so that there is nothing to redrive",
                .command = "TASK.REDRIVE"});
}

void add_cancel(Program& program) {
  add_decision(program,
               {.name = "cancel",
                .summary = "Ends a task that nobody shall run any more, after asking; who runs it\n"
                           "is told to stop.",
                .usage = "FLOW TASK [OPTIONS]",
                .examples = "turnstile cancel pay/7 capture --reason 'ordered twice'",
                .remarks = "turnstile flow FLOW --cancel does so for all tasks of a flow."},
               {.question = "Cancel {}?",
                .done = "cancelled",
                .not_done = "the task had ended, or is not known",
                .command = "TASK.CANCEL"});
}

}  // namespace cli
