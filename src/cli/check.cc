// `turnstile check`: was what clients were told what was promised? The history is
// theirs; the journal of the server, if it is given, is the witness.
#include "checker/check.h"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "cli/exit_status.h"
#include "cli/journal_commands.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/subcommands.h"
#include "command/entry.h"
#include "journal/inspect.h"

namespace cli {
namespace {

using checker::Operation;
using checker::Report;
using checker::Violation;

struct CheckOptions {
  std::string history;
  std::string directory;
  bool as_json = false;
};

base::Result<checker::History> read(const std::string& path) {
  if (path == "-") return checker::read_history(std::cin);
  std::ifstream file(path);
  if (!file) return base::failure(base::Fault::Io, fmt::format("cannot read {}", path));
  return checker::read_history(file);
}

/// Hands the entries of a journal on, decoded.
class Testimony final : public journal::Consumer {
 public:
  explicit Testimony(checker::WitnessCheck& witness) : witness_(witness), progress_("checked") {}

  base::Result<void> restore(const journal::Snapshot& snapshot) override {
    return witness_.restore(snapshot.payload);
  }
  base::Result<void> replay(const journal::Record& record) override {
    entry_.index = record.index;
    entry_.now = record.cluster_time;
    entry_.wall = record.wall_time;
    if (auto decoded = command::decode(record.payload, entry_); !decoded) return decoded;
    if (++entries_ % 4096 == 0) progress_.update(entries_);
    return witness_.replay(entry_);
  }
  base::Result<void> batch_end(std::uint64_t, base::Time, std::uint64_t) override { return {}; }

 private:
  checker::WitnessCheck& witness_;
  Progress progress_;
  std::uint64_t entries_ = 0;
  command::Entry entry_;
};

base::Result<void> hear_witness(const std::string& directory, checker::WitnessCheck& witness) {
  auto disk = open_data(directory);
  if (!disk) return std::unexpected(disk.error());
  if (auto locked = (*disk)->lock(); !locked) return locked;
  Testimony testimony(witness);
  const auto replayed = journal::replay_history(**disk, testimony);
  if (!replayed) return std::unexpected(replayed.error());
  return {};
}

// --- for people

std::string line_of(std::size_t place, const Operation& operation) {
  std::string words;
  for (const std::string& word : operation.argv) words += " " + word;
  constexpr std::size_t kShown = 120;
  if (words.size() > kShown) words = words.substr(0, kShown) + "...";
  return fmt::format("    line {}: client {}{}{}\n", place + 1, operation.client, words,
                     operation.index == 0 ? "" : fmt::format("  (index {})", operation.index));
}

std::string text_of(const Violation& violation, const checker::History& history) {
  std::string text = fmt::format("{}  {}\n", violation.promise, violation.sentence);
  for (const std::size_t place : violation.operations) text += line_of(place, history[place]);
  return text;
}

std::string text_of(const Report& report, const checker::History& history) {
  std::string text = fmt::format(
      "{} operations, {} answered, {} of them refused; {} without an index, {} not for the "
      "machine\n"
      "order: {} indexes compared by real time\n"
      "answers: {} grants, {} turns in queues, {} completions, {} generations\n",
      report.operations, report.answered, report.refused, report.without_index,
      report.not_understood, report.ordered, report.holds, report.queued, report.completions,
      report.generations);
  if (report.has_witness) {
    text += fmt::format(
        "journal: {} entries; {} answers found in it, {} judged at their index, {} not judged\n"
        "never answered: {} applied, {} not; entries of others: {}\n"
        "model: {} ({} entries)\n",
        report.entries, report.found, report.repeated, report.unjudged, report.applied,
        report.not_applied, report.foreign, report.model, report.judged_by_model);
  } else {
    text += "journal: none was given, so refusals, reads and lost operations were not judged\n";
  }
  for (const Violation& violation : report.violations) text += text_of(violation, history);
  return text +
         (report.is_good() ? "good\n" : fmt::format("{} violations\n", report.violation_count));
}

// --- for programs

Json json_of(const Violation& violation) {
  return {{"promise", violation.promise},
          {"sentence", violation.sentence},
          {"index", violation.index == 0 ? Json() : Json(violation.index)},
          {"operations", violation.operations}};
}

Json json_of(const Report& report) {
  Json json = {{"good", report.is_good()},
               {"operations", report.operations},
               {"answered", report.answered},
               {"refused", report.refused},
               {"without_index", report.without_index},
               {"not_understood", report.not_understood},
               {"ordered", report.ordered},
               {"holds", report.holds},
               {"queued", report.queued},
               {"completions", report.completions},
               {"generations", report.generations},
               {"journal", Json()},
               {"violation_count", report.violation_count},
               {"violations", Json::array()}};
  if (report.has_witness) {
    json["journal"] = {{"entries", report.entries},
                       {"found", report.found},
                       {"judged_at_index", report.repeated},
                       {"unjudged", report.unjudged},
                       {"applied", report.applied},
                       {"not_applied", report.not_applied},
                       {"foreign", report.foreign},
                       {"model", report.model},
                       {"judged_by_model", report.judged_by_model}};
  }
  for (const Violation& violation : report.violations) {
    json["violations"].push_back(json_of(violation));
  }
  return json;
}

int run_check(const CheckOptions& options) {
  const auto history = read(options.history);
  if (!history) return complain(history.error());
  checker::Check check(*history, checker::ModelJudge::Threads::Two);
  if (!options.directory.empty()) {
    if (auto heard = hear_witness(options.directory, check.witness()); !heard) {
      return complain(heard.error());
    }
  }
  const Report report = check.finish();
  fmt::print("{}", options.as_json ? to_line(json_of(report)) + "\n" : text_of(report, *history));
  return number_of(report.is_good() ? ExitStatus::Success : ExitStatus::Corrupt);
}

}  // namespace

void add_check(Program& program) {
  const auto options = std::make_shared<CheckOptions>();
  CLI::App& app = program.add(
      {.name = "check",
       .summary = "Checks a recorded history of clients against the promises.",
       .usage = "HISTORY [--data DIR] [--json]",
       .examples = "turnstile check history.jsonl\n"
                   "turnstile check history.jsonl --data /var/lib/turnstile --json",
       .remarks = "docs/checking.md tells how to record a history, and what is judged.\n"
                  "Status 65 if a promise is broken, or the file is no history."},
      [options] { return run_check(*options); });
  app.add_option("HISTORY", options->history, "a file of one operation a line; -: the input")
      ->required();
  app.add_option("--data", options->directory,
                 "the data directory of the server, which must not run: its journal is the "
                 "witness of every answer");
  add_json_option(app, options->as_json);
}

}  // namespace cli
