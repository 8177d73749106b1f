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
  Table table({{.heading = "HOLDER", .is_elastic = true, .least = 18},
               {.heading = "USER", .is_spare = true},
               {.heading = "MODE"},
               {.heading = "SINCE", .is_spare = true},
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
               {.heading = "WAITER", .is_elastic = true, .least = 18},
               {.heading = "USER", .is_spare = true},
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

Table shut_table(const Reply& lock, const std::string& key) {
  Table table({{.heading = "LOST HOLDER", .is_elastic = true},
               {.heading = "TOKEN", .is_number = true},
               {.heading = "CAUSE"},
               {.heading = "AGO", .is_number = true},
               {.heading = "OPENS IN", .is_number = true},
               {.heading = "ALSO SHUTS", .is_elastic = true},
               {.heading = "NOTE", .is_elastic = true}});
  for (const Reply& mark : items_of(lock, "shut")) {
    const bool opens_by_itself = mark.text_of("onloss") == "delay";
    table.add({printable_of(mark, "holder"), std::to_string(mark.integer_of("token")),
               printable_of(mark, "cause"), duration_of(mark, "age"),
               opens_by_itself ? duration_of(mark, "opens") : "when resolved",
               other_keys(mark, key), printable_of(mark, "note")});
  }
  return table;
}

/// In words why each waits, the first ten reasons; those who wait for the same are told together.
std::string reasons(const Reply& lock, const Terminal& terminal) {
  constexpr std::size_t kShown = 10;
  constexpr std::size_t kIndent = 4;
  const std::vector<Reply>& waiters = items_of(lock, "waiters");
  std::string out;
  std::size_t shown = 0;
  for (std::size_t first = 0; first < waiters.size() && shown < kShown; ++shown) {
    const Reply& waiter = waiters[first];
    const std::string why = printable_of(waiter, "why");
    const bool preempts = waiter.find("preempts") != nullptr;
    std::size_t end = first + 1;
    while (!preempts && end < waiters.size() && waiters[end].find("preempts") == nullptr &&
           printable_of(waiters[end], "why") == why) {
      ++end;
    }
    std::string line = end == first + 1 ? fmt::format("  {}. {} waits: {}", end, who(waiter), why)
                                        : fmt::format("  {}. to {}. wait: {}", first + 1, end, why);
    if (preempts) {
      line += fmt::format("; it takes the lock in {}", duration_of(waiter, "preempts"));
    }
    out += wrapped(line, terminal.width, kIndent) + '\n';
    first = end;
  }
  return out.empty() ? out : "\nWhy:\n" + out;
}

std::string expectation(const Reply& lock) {
  const Reply* expected = lock.find("expected");
  const bool is_known = expected != nullptr && expected->kind == Reply::Kind::Integer;
  if (!is_known || lock.integer_of("held") + lock.integer_of("waiting") == 0) return "";
  return fmt::format("Who comes now should expect to wait {}.\n", duration_of(lock, "expected"));
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
  out += expectation(lock);
  out += section(holders_table(lock, key), lock.integer_of("held"),
                 items_of(lock, "holders").size(), "holder", terminal);
  out += section(waiters_table(lock, key), lock.integer_of("waiting"),
                 items_of(lock, "waiters").size(), "waiter", terminal);
  const Table shut = shut_table(lock, key);
  if (!shut.empty()) {
    out += "\nShut by lost holders (turnstile resolve opens it):\n" + shut.text(terminal, 2);
  }
  return out + reasons(lock, terminal);
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
