// `turnstile journal truncate`: the last resort, when the end of a journal is
// damaged or must not have happened. Told once, it says what would be lost.
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "cli/exit_status.h"
#include "cli/journal_commands.h"
#include "cli/text.h"
#include "journal/inspect.h"

namespace cli {
namespace {

constexpr const char* kConfirmation = "--yes-lose-later-entries";

struct TruncateOptions {
  std::string directory;
  std::uint64_t at_index = 0;
  bool is_confirmed = false;
};

base::Time wall_time() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return base::Time::from_us(
      std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count());
}

std::string loss_text(const journal::TruncateReport& report) {
  std::string out =
      fmt::format("{} kept up to index {}.\n{} lost: {} in {}, {}.\n",
                  report.done ? "The journal is" : "Would be", report.kept_index,
                  report.done ? "Now" : "Would be",
                  report.lost_entries == 1 ? "1 entry" : grouped(report.lost_entries) + " entries",
                  report.lost_batches == 1 ? "1 batch" : grouped(report.lost_batches) + " batches",
                  counted(report.lost_bytes, "byte"));
  if (!report.damage.empty()) {
    out += fmt::format("More is lost that cannot be read: {}.\n", printable(report.damage));
  }
  for (const std::string& name : report.lost_snapshots) out += fmt::format("Lost too: {}.\n", name);
  return out;
}

std::string copies_text(const journal::TruncateReport& report) {
  std::string out;
  for (const std::string& name : report.copies) out += fmt::format("A copy is kept in {}.\n", name);
  return out +
         fmt::format("The next index is {}, beyond every token ever seen.\n", report.next_index);
}

int run_truncate(const TruncateOptions& options) {
  auto disk = open_data(options.directory);
  if (!disk) return complain(disk.error());
  const auto report = journal::truncate(std::move(*disk), {.last_index = options.at_index,
                                                           .confirmed = options.is_confirmed,
                                                           .wall_time = wall_time()});
  if (!report) return complain(report.error());
  fmt::print("{}", loss_text(*report));
  if (!report->done) {
    return complain(
        fmt::format("nothing was changed; to do it, say it again with {}", kConfirmation),
        ExitStatus::Usage);
  }
  fmt::print("{}", copies_text(*report));
  return number_of(ExitStatus::Success);
}

}  // namespace

void add_journal_truncate(Program& program, CLI::App& group) {
  const auto options = std::make_shared<TruncateOptions>();
  CLI::App& app = program.add_to(
      group,
      {.name = "truncate",
       .summary = "Cuts off everything after an index. What was granted or released\n"
                  "there will not have happened.",
       .usage = fmt::format("DIR --at-index N [{}]", kConfirmation),
       .examples = fmt::format("turnstile journal truncate /var/lib/turnstile --at-index 1000\n"
                               "turnstile journal truncate /var/lib/turnstile --at-index 1000 {}",
                               kConfirmation),
       .remarks = "An index at the end, or beyond it, cuts nothing and lets indexes go on far\n"
                  "ahead: that makes a restored backup safe to use."},
      [options] { return run_truncate(*options); });
  add_directory_argument(app, options->directory);
  app.add_option("--at-index", options->at_index, "The last index to keep")
      ->required()
      ->type_name("N");
  app.add_flag(kConfirmation, options->is_confirmed,
               "Does it; without it, tells what would be lost");
}

}  // namespace cli
