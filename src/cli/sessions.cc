// `turnstile sessions`: who is connected, or was and may come back.
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/exit_status.h"
#include "cli/lock_words.h"
#include "cli/paging.h"
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

struct SessionsOptions {
  std::string url;
  std::uint64_t limit = kNoLimit;
  bool as_json = false;
};

std::vector<Reply> fetch(turnstile::Client& client, std::uint64_t limit) {
  const auto page = [&](const Reply* last, int count) {
    std::vector<std::string> argv{"SESSION.LIST", "COUNT", std::to_string(count)};
    if (last != nullptr) {
      argv.emplace_back("AFTER");
      argv.push_back(std::to_string(last->integer_of("id")));
    }
    return client.call(argv);
  };
  return all_pages(page, limit);
}

Table table_of(const std::vector<Reply>& sessions) {
  Table table({{.heading = "SESSION", .is_number = true},
               {.heading = "NAME", .is_elastic = true},
               {.heading = "USER"},
               {.heading = "SINCE"},
               {.heading = "TTL", .is_number = true},
               {.heading = "LEFT", .is_number = true},
               {.heading = "HOLDS", .is_number = true},
               {.heading = "WAITS", .is_number = true}});
  for (const Reply& session : sessions) {
    table.add({std::to_string(session.integer_of("id")), printable_of(session, "name"),
               printable_of(session, "user"), moment_text(session.integer_of("since")),
               duration_of(session, "ttl"), duration_of(session, "remaining"),
               std::to_string(session.integer_of("grants")),
               std::to_string(session.integer_of("waits"))});
  }
  return table;
}

int run_sessions(const SessionsOptions& options) {
  auto client = turnstile::Client::connect(options.url, {.session = false});
  const std::vector<Reply> sessions = fetch(client, options.limit);
  if (options.as_json) {
    fmt::print("{}\n", json_text({.kind = Reply::Kind::Array, .text = {}, .items = sessions}));
  } else if (sessions.empty()) {
    fmt::print(stderr, "turnstile: there is no session\n");
  } else {
    fmt::print("{}", table_of(sessions).text(standard_output()));
  }
  return number_of(ExitStatus::Success);
}

}  // namespace

void add_sessions(Program& program) {
  const auto options = std::make_shared<SessionsOptions>();
  CLI::App& app = program.add({.name = "sessions",
                               .summary = "Lists the sessions of all clients.",
                               .usage = "[OPTIONS]",
                               .examples = "turnstile sessions\n"
                                           "turnstile sessions --json | jq 'length'"},
                              [options] { return run_sessions(*options); });
  app.add_option("--limit", options->limit, "At most so many, the oldest first")->type_name("N");
  add_json_option(app, options->as_json);
  add_server_option(app, options->url);
}

}  // namespace cli
