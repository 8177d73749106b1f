// `turnstile revoke` and `turnstile resolve`: what an operator does to a lock by hand,
// after it was shown whom it concerns and said yes.
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/confirmation.h"
#include "cli/exit_status.h"
#include "cli/lock_words.h"
#include "cli/subcommands.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "turnstile/client.h"

namespace cli {
namespace {

using turnstile::Reply;

struct OperateOptions {
  std::string url;
  std::string key;
  std::optional<std::uint64_t> token;
  std::string reason;
  bool resolved = false;
  bool yes = false;
  bool as_json = false;
};

/// Whom it concerns, one a line; empty: nobody.
std::string concerned_by_revoke(const Reply& lock) {
  std::string text;
  for (const Reply& holder : items_of(lock, "holders")) {
    text += fmt::format("  {} has held it for {}", who(holder), duration_of(holder, "held"));
    const std::string note = printable_of(holder, "note");
    text += note.empty() ? "\n" : fmt::format(": {}\n", note);
  }
  return text;
}

std::string concerned_by_resolve(const Reply& lock) {
  std::string text;
  for (const Reply& mark : items_of(lock, "shut")) {
    text += fmt::format("  {} was lost {} ago with token {}", printable_of(mark, "holder"),
                        duration_of(mark, "age"), mark.integer_of("token"));
    const std::string note = printable_of(mark, "note");
    text += note.empty() ? "\n" : fmt::format(": {}\n", note);
  }
  return text;
}

/// Does what the command says of the key, and tells how many it concerned.
int act(turnstile::Client& client, const OperateOptions& options, const std::string& command,
        const std::string& done) {
  std::vector<std::string> words{command, options.key};
  if (options.token) words.push_back(std::to_string(*options.token));
  if (options.resolved) words.emplace_back("RESOLVED");
  if (!options.reason.empty()) {
    words.emplace_back("REASON");
    words.push_back(options.reason);
  }
  const Reply reply = client.call(words);
  if (options.as_json) {
    fmt::print("{{\"count\": {}}}\n", reply.integer);
  } else {
    fmt::print("{} {}\n", counted(static_cast<std::uint64_t>(reply.integer), "hold"), done);
  }
  return number_of(ExitStatus::Success);
}

int run_revoke(const OperateOptions& options) {
  auto client = turnstile::Client::connect(options.url, {.session = false});
  const std::string concerned = concerned_by_revoke(client.info(options.key));
  if (concerned.empty()) {
    return complain(in_quotes_if_needed(options.key) + " is held by nobody", ExitStatus::Refused);
  }
  const std::string question =
      fmt::format("Take {} away? Only their tokens keep them from doing harm then.",
                  in_quotes_if_needed(options.key));
  if (const auto status = ask(options.yes, question, concerned)) return number_of(*status);
  return act(client, options, "LOCK.REVOKE", "revoked");
}

int run_resolve(const OperateOptions& options) {
  auto client = turnstile::Client::connect(options.url, {.session = false});
  const std::string concerned = concerned_by_resolve(client.info(options.key));
  if (concerned.empty()) {
    return complain(in_quotes_if_needed(options.key) + " is not shut", ExitStatus::Refused);
  }
  const std::string question = fmt::format("Is it known how this ended, so that {} may be opened?",
                                           in_quotes_if_needed(options.key));
  if (const auto status = ask(options.yes, question, concerned)) return number_of(*status);
  return act(client, options, "LOCK.RESOLVE", "resolved");
}

void add_common(CLI::App& app, OperateOptions& options) {
  app.add_option("KEY", options.key, "The key of the lock")->required();
  app.add_option("--token", options.token, "Only the hold of this token")->type_name("N");
  app.add_option("--reason", options.reason, "Why; the journal keeps it")->type_name("TEXT");
  app.add_flag("--yes", options.yes, "Does not ask");
  add_json_option(app, options.as_json);
  add_server_option(app, options.url);
}

}  // namespace

void add_revoke(Program& program) {
  const auto options = std::make_shared<OperateOptions>();
  CLI::App& app = program.add(
      {.name = "revoke",
       .summary = "Takes a lock away from those who hold it, after asking.",
       .usage = "KEY [OPTIONS]",
       .examples = "turnstile revoke account/7 --reason 'process 81 hangs'\n"
                   "turnstile revoke account/7 --resolved --yes",
       .remarks = "If the holder said ONLOSS DELAY or HOLD, the key is shut afterwards, unless\n"
                  "--resolved says that it is known how the holder's work ended."},
      [options] { return run_revoke(*options); });
  add_common(app, *options);
  app.add_flag("--resolved", options->resolved, "How the holder's work ended is known");
}

void add_resolve(Program& program) {
  const auto options = std::make_shared<OperateOptions>();
  CLI::App& app = program.add(
      {.name = "resolve",
       .summary = "Opens a key that a lost holder left shut, after asking, and the others that it\n"
                  "held with it.",
       .usage = "KEY [OPTIONS]",
       .examples = "turnstile resolve account/7 --reason 'payment 4711 was booked'"},
      [options] { return run_resolve(*options); });
  add_common(app, *options);
}

}  // namespace cli
