// `turnstile ls`: the locks that somebody holds or waits for, as a table.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "cli/exit_status.h"
#include "cli/lock_words.h"
#include "cli/paging.h"
#include "cli/reply_text.h"
#include "cli/subcommands.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/text.h"
#include "turnstile/client.h"

namespace cli {
namespace {

using turnstile::Reply;

struct LsOptions {
  std::string url;
  std::string prefix;
  std::uint64_t limit = kNoLimit;
  bool as_json = false;
};

std::vector<Reply> fetch(turnstile::Client& client, const LsOptions& options) {
  const auto page = [&](const Reply* last, int count) {
    const std::string_view after = last == nullptr ? std::string_view() : last->text_of("key");
    return client.list(options.prefix, count, after);
  };
  return all_pages(page, options.limit);
}

Table table_of(const std::vector<Reply>& locks) {
  Table table({{.heading = "KEY"},
               {.heading = "STATE"},
               {.heading = "HOLDER", .is_elastic = true},
               {.heading = "HELD FOR", .is_number = true},
               {.heading = "WAITING", .is_number = true},
               {.heading = "NOTE", .is_elastic = true}});
  for (const Reply& lock : locks) {
    const std::vector<Reply>& holders = items_of(lock, "holders");
    const Reply holder = holders.empty() ? Reply{} : holders.front();
    table.add({printable_of(lock, "key"), state_cell(lock), holders_text(lock),
               holders.empty() ? "" : duration_of(holder, "held"),
               grouped(static_cast<std::uint64_t>(lock.integer_of("waiting"))),
               printable_of(holder, "note")});
  }
  return table;
}

int run_ls(const LsOptions& options) {
  auto client = turnstile::Client::connect(options.url, {.session = false});
  const std::vector<Reply> locks = fetch(client, options);
  if (options.as_json) {
    fmt::print("{}\n", json_text({.kind = Reply::Kind::Array, .text = {}, .items = locks}));
  } else if (locks.empty()) {
    fmt::print(stderr, "turnstile: no lock is held or waited for{}\n",
               options.prefix.empty() ? "" : " under " + in_quotes(options.prefix));
  } else {
    fmt::print("{}", table_of(locks).text(standard_output()));
  }
  return number_of(ExitStatus::Success);
}

}  // namespace

void add_ls(Program& program) {
  const auto options = std::make_shared<LsOptions>();
  CLI::App& app = program.add({.name = "ls",
                               .summary = "Lists the locks that are held or waited for.",
                               .usage = "[PREFIX] [OPTIONS]",
                               .examples = "turnstile ls\n"
                                           "turnstile ls account/ --limit 20\n"
                                           "turnstile ls --json | jq '.[].key'"},
                              [options] { return run_ls(*options); });
  app.add_option("PREFIX", options->prefix, "Only keys that begin with this");
  app.add_option("--limit", options->limit, "At most so many, in the order of the keys")
      ->type_name("N");
  add_json_option(app, options->as_json);
  add_server_option(app, options->url);
}

}  // namespace cli
