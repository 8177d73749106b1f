// `turnstile journal dump`: the history in words, one line an entry.
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>

#include "cli/entry_text.h"
#include "cli/exit_status.h"
#include "cli/journal_commands.h"
#include "command/entry.h"
#include "journal/inspect.h"

namespace cli {
namespace {

struct DumpOptions {
  std::string directory;
  std::uint64_t from = 0;
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
  bool as_json = false;
};

std::string line_of(const journal::Record& record, bool as_json) {
  command::Entry entry;
  entry.index = record.index;
  entry.now = record.cluster_time;
  entry.wall = record.wall_time;
  const base::Result<void> decoded = command::decode(record.payload, entry);
  if (as_json) {
    return decoded ? entry_json(entry) : unreadable_json(entry, decoded.error().message);
  }
  return decoded ? entry_line(entry) : unreadable_line(entry, decoded.error().message);
}

base::Result<void> dump(const DumpOptions& options) {
  auto disk = open_data(options.directory);
  if (!disk) return std::unexpected(disk.error());
  if (auto locked = lock_or_warn(**disk); !locked) return locked;
  const auto print = [&](const journal::BatchInfo&, const journal::Record* record) {
    if (record == nullptr) return true;
    if (record->index > options.to) return false;
    fmt::print("{}\n", line_of(*record, options.as_json));
    return true;
  };
  return journal::dump(**disk, options.from, print);
}

int run_dump(const DumpOptions& options) {
  const base::Result<void> dumped = dump(options);
  return dumped ? number_of(ExitStatus::Success) : complain(dumped.error());
}

}  // namespace

void add_journal_dump(Program& program, CLI::App& group) {
  const auto options = std::make_shared<DumpOptions>();
  CLI::App& app = program.add_to(
      group,
      {.name = "dump",
       .summary = "Prints the entries: index, cluster time, wall time in UTC, user,\n"
                  "connection, session, command.",
       .usage = "DIR [OPTIONS]",
       .examples = "turnstile journal dump /var/lib/turnstile\n"
                   "turnstile journal dump /var/lib/turnstile --from 1000 --to 1100\n"
                   "turnstile journal dump /var/lib/turnstile --json | grep LOCK.ACQUIRE"},
      [options] { return run_dump(*options); });
  add_directory_argument(app, options->directory);
  app.add_option("--from", options->from, "The first index")->type_name("N");
  app.add_option("--to", options->to, "The last index")->type_name("N");
  app.add_flag("--json", options->as_json, "Prints one line of JSON an entry");
}

}  // namespace cli
