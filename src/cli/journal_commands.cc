// What the subcommands of `turnstile journal` have in common.
#include "cli/journal_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "cli/subcommands.h"
#include "cli/text.h"
#include "journal/file/format.h"

namespace cli {
namespace {

bool is_journal_file(const std::string& name) {
  return journal::parse_segment_name(name) || journal::parse_snapshot_name(name);
}

}  // namespace

void add_journal(Program& program) {
  CLI::App& group =
      program.add_group({.name = "journal",
                         .summary = "Verifies, prints or cuts the journal in a data directory.\n"
                                    "No server is needed, and none may run on it.",
                         .usage = "SUBCOMMAND DIR ...",
                         .examples = "turnstile journal verify /var/lib/turnstile\n"
                                     "turnstile journal dump /var/lib/turnstile --from 1000"});
  add_journal_verify(program, group);
  add_journal_dump(program, group);
  add_journal_truncate(program, group);
}

void add_directory_argument(CLI::App& app, std::string& directory) {
  app.add_option("DIR", directory, "The data directory of a server")->required();
}

base::Result<std::unique_ptr<journal::Disk>> open_data(const std::string& directory) {
  auto disk = journal::open_disk(directory, journal::IfMissing::Refuse);
  if (!disk) return disk;
  const auto names = (*disk)->list();
  if (!names) return std::unexpected(names.error());
  if (std::ranges::any_of(*names, is_journal_file)) return disk;
  return base::failure(base::Fault::Usage,
                       fmt::format("there is no journal in {}", printable(directory)));
}

base::Result<void> lock_or_warn(journal::Disk& disk) {
  const auto locked = disk.lock();
  if (locked || locked.error().fault != base::Fault::InUse) return locked;
  fmt::print(stderr, "turnstile: a server runs on {}; its newest entries may be missing\n",
             disk.path());
  return {};
}

}  // namespace cli
