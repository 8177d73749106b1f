// `turnstile flow` and `turnstile flows`: how far the tasks of a flow are, and which flows there
// are.

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/confirmation.h"
#include "cli/exit_status.h"
#include "cli/flow/flow_tree.h"
#include "cli/flow/flow_words.h"
#include "cli/lock_words.h"
#include "cli/paging.h"
#include "cli/reply_text.h"
#include "cli/subcommands.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "turnstile/client.h"

namespace cli {
namespace {

using turnstile::Reply;

struct FlowArguments {
  std::string url;
  std::string flow;
  bool as_json = false;
  bool cancels = false;
  bool closes = false;
  std::string reason;
  bool yes = false;
};

struct FlowsArguments {
  std::string url;
  std::string prefix;
  bool dead_only = false;
  std::uint64_t limit = kNoLimit;
  bool as_json = false;
};

/// One line each of the tasks that are not over, or of all.
std::string unended(const Reply& flow) {
  std::string text;
  for (const Reply& task : items_of(flow, "tasks")) {
    const std::string state = printable_of(task, "state");
    const bool is_over = state == "completed" || (ended_badly(task) && state != "dead");
    if (!is_over) text += fmt::format("  {} is {}\n", printable_of(task, "task"), state);
  }
  return text;
}

int cancel(turnstile::Client& client, const FlowArguments& arguments,
           const std::string& concerned) {
  if (concerned.empty()) {
    return complain("no task of the flow is left to cancel", ExitStatus::Refused);
  }
  const std::string question =
      fmt::format("Cancel these tasks of {}? Who runs one is told to stop.",
                  in_quotes_if_needed(arguments.flow));
  if (const auto status = ask(arguments.yes, question, concerned)) return number_of(*status);
  std::vector<std::string> words{"FLOW.CANCEL", arguments.flow};
  if (!arguments.reason.empty()) words.insert(words.end(), {"REASON", arguments.reason});
  const Reply count = client.call(words);
  fmt::print("{} cancelled\n", counted(static_cast<std::uint64_t>(count.integer), "task"));
  return number_of(ExitStatus::Success);
}

int close(turnstile::Client& client, const FlowArguments& arguments, const std::string& concerned) {
  const std::string question = fmt::format(
      "Close {}? No further task is let in, and those that nobody has declared are "
      "skipped.",
      in_quotes_if_needed(arguments.flow));
  if (const auto status = ask(arguments.yes, question, concerned)) return number_of(*status);
  const Reply closed = client.call({"FLOW.CLOSE", arguments.flow});
  fmt::print("{}\n", closed.integer != 0 ? "closed" : "it was closed before");
  return number_of(ExitStatus::Success);
}

int run_flow(const FlowArguments& arguments) {
  auto client = turnstile::Client::connect(arguments.url, {.session = false});
  const Reply info = client.call({"FLOW.INFO", arguments.flow});
  if (info.text_of("state") == "unknown") {
    return complain(
        fmt::format("there is no flow {}, or not any more", in_quotes_if_needed(arguments.flow)),
        ExitStatus::Refused);
  }
  if (arguments.cancels) return cancel(client, arguments, unended(info));
  if (arguments.closes) return close(client, arguments, unended(info));
  fmt::print("{}", arguments.as_json ? json_text(info) + "\n" : flow_text(info, standard_output()));
  return number_of(ExitStatus::Success);
}

std::vector<Reply> fetch(turnstile::Client& client, const FlowsArguments& arguments) {
  const auto page = [&](const Reply* last, int count) {
    std::vector<std::string> words{"FLOW.LIST", "PREFIX", arguments.prefix, "COUNT",
                                   std::to_string(count)};
    if (arguments.dead_only) words.insert(words.end(), {"STATE", "DEAD"});
    if (last != nullptr) words.insert(words.end(), {"AFTER", std::string(last->text_of("flow"))});
    return client.call(words);
  };
  return all_pages(page, arguments.limit);
}

std::string count_of(const Reply& flow, std::string_view key) {
  const std::int64_t count = flow.integer_of(key);
  return count == 0 ? "" : std::to_string(count);
}

Table table_of(const std::vector<Reply>& flows) {
  Table table({{.heading = "FLOW"},
               {.heading = "STATE"},
               {.heading = "SINCE"},
               {.heading = "TASKS", .is_number = true},
               {.heading = "ENDED", .is_number = true},
               {.heading = "RUNNING", .is_number = true},
               {.heading = "READY", .is_number = true},
               {.heading = "DEAD", .is_number = true}});
  for (const Reply& flow : flows) {
    table.add({printable_of(flow, "flow"), flow_state_cell(flow),
               moment_text(flow.integer_of("since")), count_of(flow, "tasks"),
               count_of(flow, "ended"), count_of(flow, "running"), count_of(flow, "ready"),
               count_of(flow, "dead")});
  }
  return table;
}

int run_flows(const FlowsArguments& arguments) {
  auto client = turnstile::Client::connect(arguments.url, {.session = false});
  const std::vector<Reply> flows = fetch(client, arguments);
  if (arguments.as_json) {
    fmt::print("{}\n", json_text({.kind = Reply::Kind::Array, .text = {}, .items = flows}));
  } else if (flows.empty()) {
    fmt::print(stderr, "turnstile: there is no such flow{}\n",
               arguments.prefix.empty() ? "" : " under " + in_quotes(arguments.prefix));
  } else {
    fmt::print("{}", table_of(flows).text(standard_output()));
  }
  return number_of(ExitStatus::Success);
}

}  // namespace

void add_flow(Program& program) {
  const auto arguments = std::make_shared<FlowArguments>();
  CLI::App& app = program.add(
      {.name = "flow",
       .summary = "Draws a flow as a tree of its tasks: how far they are, since when, who runs\n"
                  "them, and why one did not go well. Can cancel or close it, after asking.",
       .usage = "FLOW [OPTIONS]",
       .examples = "turnstile flow pay/7\n"
                   "turnstile flow pay/7 --json | jq '.tasks[].state'\n"
                   "turnstile flow pay/7 --cancel --reason 'ordered twice'"},
      [arguments] { return run_flow(*arguments); });
  app.add_option("FLOW", arguments->flow, "The flow")->required();
  CLI::Option* cancels =
      app.add_flag("--cancel", arguments->cancels, "Cancels all tasks that have not ended");
  app.add_flag("--close", arguments->closes, "Lets no further task in")->excludes(cancels);
  app.add_option("--reason", arguments->reason, "Of --cancel; the journal keeps it")
      ->needs(cancels)
      ->type_name("TEXT");
  app.add_flag("--yes", arguments->yes, "Does not ask");
  add_json_option(app, arguments->as_json);
  add_server_option(app, arguments->url);
}

void add_flows(Program& program) {
  const auto arguments = std::make_shared<FlowsArguments>();
  CLI::App& app = program.add({.name = "flows",
                               .summary = "Lists the flows.",
                               .usage = "[PREFIX] [OPTIONS]",
                               .examples = "turnstile flows pay/\n"
                                           "turnstile flows --dead\n"
                                           "turnstile flows --json | jq '.[].flow'"},
                              [arguments] { return run_flows(*arguments); });
  app.add_option("PREFIX", arguments->prefix, "Only flows whose names begin with this");
  app.add_flag("--dead", arguments->dead_only, "Only those that a dead task holds up");
  app.add_option("--limit", arguments->limit, "At most so many, in the order of their names")
      ->type_name("N");
  add_json_option(app, arguments->as_json);
  add_server_option(app, arguments->url);
}

}  // namespace cli
