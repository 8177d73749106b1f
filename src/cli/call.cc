// `turnstile call`: sends any command and prints the reply.
//
// What changes something runs in a session of its own, which ends with it: what it
// acquires is given back when it ends. To hold a lock there is `turnstile lock`. A look
// needs no session, and so leaves no trace in the journal.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_status.h"
#include "cli/reply_text.h"
#include "cli/subcommands.h"
#include "command/table.h"
#include "turnstile/client.h"

namespace cli {
namespace {

using turnstile::Reply;

struct CallArguments {
  std::string url;
  bool as_json = false;
};

/// The number after the word WAIT; nothing if there is none.
std::optional<turnstile::Milliseconds> wait_in(const std::vector<std::string>& argv) {
  const auto is_wait = [](const std::string& word) {
    return command::is_word(word, command::option_word(command::Option::Wait));
  };
  const auto word = std::find_if(argv.begin(), argv.end(), is_wait);
  if (word == argv.end() || word + 1 == argv.end()) return std::nullopt;
  const std::string& number = *(word + 1);
  std::int64_t ms = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), ms);
  if (read.ec != std::errc() || ms <= 0) return std::nullopt;
  return turnstile::Milliseconds(ms);
}

/// A command that waits is sent so that the library goes on renewing the session meanwhile.
turnstile::CallOptions options_for(const std::vector<std::string>& argv) {
  const std::vector<std::string_view> words(argv.begin(), argv.end());
  const command::CommandSpec* spec = command::find(words);
  if (spec == nullptr || !spec->waits) return {};
  const std::optional<turnstile::Milliseconds> wait = wait_in(argv);
  return {.waits = wait.has_value(), .wait = wait};
}

/// Whether a command may need a session; one that is not known here may.
bool needs_session(const std::vector<std::string>& argv) {
  const std::vector<std::string_view> words(argv.begin(), argv.end());
  const command::CommandSpec* spec = command::find(words);
  return spec == nullptr || spec->changes;
}

/// What the server answered, not what the library says: anything else is thrown.
bool is_answer(const turnstile::Error& error) {
  using turnstile::ErrorCode;
  const ErrorCode code = error.code();
  return code != ErrorCode::Unavailable && code != ErrorCode::Protocol;
}

int print_error(const std::string& text, bool as_json) {
  const Reply error{.kind = Reply::Kind::Error, .text = text, .items = {}};
  fmt::print("{}\n", as_json ? json_text(error) : redis_text(error));
  return number_of(ExitStatus::Refused);
}

int run_call(const CallArguments& arguments, const std::vector<std::string>& argv) {
  auto client = turnstile::Client::connect(
      arguments.url, {.name = "turnstile call", .session = needs_session(argv)});
  const turnstile::Result<Reply> reply = client.try_call(argv, options_for(argv));
  if (!reply && !is_answer(reply.error())) throw reply.error();
  if (!reply) return print_error(reply.error().what(), arguments.as_json);
  fmt::print("{}\n", arguments.as_json ? json_text(*reply) : redis_text(*reply));
  return number_of(ExitStatus::Success);
}

int run_call_if_complete(const CLI::App& app, const Program& program,
                         const CallArguments& arguments) {
  std::vector<std::string> argv = app.remaining();
  if (const auto& more = program.after_dashes()) {
    if (!argv.empty()) argv.emplace_back("--");  // it was an argument of the command
    argv.insert(argv.end(), more->begin(), more->end());
  }
  if (!argv.empty()) return run_call(arguments, argv);
  return complain("say which command to send: turnstile call COMMAND [ARGUMENT...]",
                  ExitStatus::Usage);
}

std::string commands_text() {
  std::string out = "Commands:";
  for (const command::CommandSpec& spec : command::table()) {
    const bool is_about_itself =
        spec.group == command::Group::Connection || spec.group == command::Group::Server;
    if (!is_about_itself) out += fmt::format("\n  {}\n      {}", spec.syntax, spec.summary);
  }
  return out;
}

}  // namespace

void add_call(Program& program) {
  const auto arguments = std::make_shared<CallArguments>();
  // The action needs the subcommand that is only made with it.
  const auto self = std::make_shared<CLI::App*>(nullptr);
  CLI::App& app = program.add(
      {.name = "call",
       .summary = "Sends any command and prints the reply. Options come before COMMAND.",
       .usage = "[OPTIONS] COMMAND [ARGUMENT...]",
       .examples = "turnstile call LOCK.INFO account/7\n"
                   "turnstile call --json LOCK.LIST PREFIX account/ COUNT 10\n"
                   "turnstile call LOCK.CHECK account/7 \"$TURNSTILE_TOKEN\"",
       .remarks = "A command that changes something has a session of its own; what it acquires is "
                  "given back when it ends.\n\n" +
                  commands_text()},
      [=, &program] { return run_call_if_complete(**self, program, *arguments); });
  *self = &app;
  app.prefix_command();
  program.keep_after_dashes(app);
  add_json_option(app, arguments->as_json);
  add_server_option(app, arguments->url);
}

}  // namespace cli
