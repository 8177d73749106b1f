// `turnstile journal verify`: is every byte what was written, and does a replay
// arrive at the states that were stored?
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include "cli/exit_status.h"
#include "cli/journal_commands.h"
#include "cli/progress.h"
#include "cli/state_check.h"
#include "cli/text.h"
#include "cli/verdict.h"
#include "journal/inspect.h"

namespace cli {
namespace {

struct VerifyOptions {
  std::string directory;
  bool as_json = false;
};

/// Replays all there is. What is wrong with the state is part of the verdict, the rest an error.
base::Result<void> check_state(journal::Disk& disk, Verdict& verdict) {
  Progress progress("replayed");
  StateCheck check([&](std::uint64_t entries) { progress.update(entries); });
  const auto replayed = journal::replay_history(disk, check);
  verdict.replayed_entries = check.entries();
  if (!replayed && replayed.error().fault != base::Fault::Corrupt) {
    return std::unexpected(replayed.error());
  }
  if (!replayed) {
    verdict.state_error = replayed.error().message;
  } else {
    verdict.sessions = check.machine().session_count();
    verdict.grants = check.machine().grant_count();
    verdict.waiters = check.machine().waiter_count();
  }
  return {};
}

base::Result<Verdict> verify(const std::string& directory) {
  auto disk = open_data(directory);
  if (!disk) return std::unexpected(disk.error());
  if (auto locked = (*disk)->lock(); !locked) return std::unexpected(locked.error());
  auto report = journal::verify(**disk);
  if (!report) return std::unexpected(report.error());
  Verdict verdict{.report = std::move(*report)};
  if (verdict.report.damage) return verdict;  // there is nothing to replay
  if (auto checked = check_state(**disk, verdict); !checked) {
    return std::unexpected(checked.error());
  }
  return verdict;
}

int run_verify(const VerifyOptions& options) {
  const base::Result<Verdict> verdict = verify(options.directory);
  if (!verdict) return complain(verdict.error());
  fmt::print("{}", options.as_json ? verdict_json(*verdict) + "\n" : verdict_text(*verdict));
  return number_of(verdict->is_good() ? ExitStatus::Success : ExitStatus::Corrupt);
}

}  // namespace

void add_journal_verify(Program& program, CLI::App& group) {
  const auto options = std::make_shared<VerifyOptions>();
  CLI::App& app = program.add_to(
      group,
      {.name = "verify",
       .summary = "Reads every byte, follows the hash chain, replays all entries and\n"
                  "compares the state with the digests stored beside them. Changes nothing.",
       .usage = "DIR [--json]",
       .examples = "turnstile journal verify /var/lib/turnstile\n"
                   "turnstile journal verify backup/ --json | jq .chain_head",
       .remarks = "Keep the chain head somewhere else: a journal that was edited as a whole\n"
                  "ends in another one."},
      [options] { return run_verify(*options); });
  add_directory_argument(app, options->directory);
  add_json_option(app, options->as_json);
}

}  // namespace cli
