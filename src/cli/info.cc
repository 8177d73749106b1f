// `turnstile info`: one lock for people: who holds it, and who is next.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/exit_status.h"
#include "cli/lock_words.h"
#include "cli/reply_text.h"
#include "cli/subcommands.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "turnstile/client.h"

namespace cli {
namespace {

using turnstile::Reply;

struct InfoOptions {
  std::string url;
  std::string key;
  bool as_json = false;
};

/// The keys of a grant or request but the one that was asked for.
std::string other_keys(const Reply& party, const std::string& key) {
  std::vector<std::string> others;
  for (const Reply& item : items_of(party, "keys")) {
    if (item.text != key) others.push_back(printable(item.text));
  }
  return fmt::format("{}", fmt::join(others, ", "));
}

std::string priority_of(const Reply& party) {
  const std::int64_t priority = party.integer_of("priority");
  return priority == 0 ? "" : std::to_string(priority);
}

Table holders_table(const Reply& lock, const std::string& key) {
  Table table({{.heading = "HOLDER", .is_elastic = true},
               {.heading = "USER"},
               {.heading = "MODE"},
               {.heading = "SINCE"},
               {.heading = "HELD FOR", .is_number = true},
               {.heading = "LEASE LEFT", .is_number = true},
               {.heading = "PRIORITY", .is_number = true},
               {.heading = "ALSO HOLDS", .is_elastic = true},
               {.heading = "NOTE", .is_elastic = true}});
  for (const Reply& holder : items_of(lock, "holders")) {
    table.add({who(holder), printable_of(holder, "user"), printable_of(holder, "mode"),
               moment_text(holder.integer_of("since")), duration_of(holder, "held"),
               duration_of(holder, "lease"), priority_of(holder), other_keys(holder, key),
               printable_of(holder, "note")});
  }
  return table;
}

Table waiters_table(const Reply& lock, const std::string& key) {
  Table table({{.heading = "NEXT", .is_number = true},
               {.heading = "WAITER", .is_elastic = true},
               {.heading = "USER"},
               {.heading = "MODE"},
               {.heading = "WAITED", .is_number = true},
               {.heading = "GIVES UP IN", .is_number = true},
               {.heading = "PRIORITY", .is_number = true},
               {.heading = "ALSO WANTS", .is_elastic = true},
               {.heading = "NOTE", .is_elastic = true}});
  std::size_t place = 0;
  for (const Reply& waiter : items_of(lock, "waiters")) {
    table.add({std::to_string(++place), who(waiter), printable_of(waiter, "user"),
               printable_of(waiter, "mode"), duration_of(waiter, "waited"),
               duration_of(waiter, "wait"), priority_of(waiter), other_keys(waiter, key),
               printable_of(waiter, "note")});
  }
  return table;
}

/// A heading with the whole number, for the server shows the first hundred alone.
std::string section(const Table& table, std::int64_t count, std::size_t shown, std::string_view one,
                    const Terminal& terminal) {
  if (table.empty()) return "";
  std::string out = "\n" + counted(static_cast<std::uint64_t>(count), one);
  if (shown < static_cast<std::size_t>(count)) out += fmt::format(", the first {}", shown);
  return out + ":\n" + table.text(terminal, 2);
}

std::string info_text(const Reply& lock, const std::string& key, const Terminal& terminal) {
  const Cell state = state_cell(lock);
  std::string out =
      fmt::format("{} is {}\n", in_quotes_if_needed(key), terminal.styled(state.text, state.style));
  out += section(holders_table(lock, key), lock.integer_of("held"),
                 items_of(lock, "holders").size(), "holder", terminal);
  out += section(waiters_table(lock, key), lock.integer_of("waiting"),
                 items_of(lock, "waiters").size(), "waiter", terminal);
  return out;
}

int run_info(const InfoOptions& options) {
  auto client = turnstile::Client::connect(options.url, {.session = false});
  const Reply lock = client.info(options.key);
  fmt::print("{}", options.as_json ? json_text(lock) + "\n"
                                   : info_text(lock, options.key, standard_output()));
  return number_of(ExitStatus::Success);
}

}  // namespace

void add_info(Program& program) {
  const auto options = std::make_shared<InfoOptions>();
  CLI::App& app =
      program.add({.name = "info",
                   .summary = "Tells who holds a lock, since when and what for, and who waits,\n"
                              "in the order of the queue.",
                   .usage = "KEY [OPTIONS]",
                   .examples = "turnstile info account/7\n"
                               "turnstile info account/7 --json"},
                  [options] { return run_info(*options); });
  app.add_option("KEY", options->key, "The key of the lock")->required();
  add_json_option(app, options->as_json);
  add_server_option(app, options->url);
}

}  // namespace cli
