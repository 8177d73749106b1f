// See card_report.h.
#include "card_report.h"

#include <fmt/format.h>

#include "figures.h"
#include "report.h"

namespace payments {
namespace {

std::string row(std::string_view name, const std::string& figure) {
  return fmt::format("  {:<55} {:>14}\n", name, figure);
}

std::string indented(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

std::string table(const CardRun& run) {
  const double seconds = run.seconds;
  const auto rate = [&](auto count) {
    return with_commas(static_cast<std::int64_t>(static_cast<double>(count) / seconds));
  };
  return row("payments per second", rate(run.payment_count)) +
         row("steps per second", rate(run.effect_count)) +
         row("the killed worker's capture was taken over after",
             duration(static_cast<double>(run.killed_taken_over_us))) +
         row("the frozen worker's capture was taken over after",
             duration(static_cast<double>(run.frozen_taken_over_us))) +
         row("from the cut-off to the trial balance", duration(run.close_seconds * 1e6));
}

}  // namespace

std::string to_text(const CardRun& run) {
  return fmt::format(
      "\n{} card payments as flows: authorise, capture, post, notify; {} worker processes\n\n{}\n"
      "What the trial balance waited for, before the cut-off:\n\n{}\nThe trial balance:\n\n{}\n"
      "The proofs, of the card payments and their end of day:\n\n{}\n{}",
      with_commas(static_cast<std::int64_t>(run.payment_count)), run.worker_count, table(run),
      indented(run.why), indented(run.trial_balance), to_text(run.proofs),
      run.is_ok()
          ? "Every step of every payment happened once and in order, and the books balance.\n"
          : "FAILED: not all of the card payments is as it should be.\n");
}

nlohmann::ordered_json to_json(const CardRun& run) {
  return {{"ok", run.is_ok()},
          {"payments", run.payment_count},
          {"workers", run.worker_count},
          {"seconds", run.seconds},
          {"steps", run.effect_count},
          {"killed_taken_over_ms", run.killed_taken_over_us / 1000},
          {"frozen_taken_over_ms", run.frozen_taken_over_us / 1000},
          {"close_seconds", run.close_seconds},
          {"why", run.why},
          {"trial_balance", run.trial_balance},
          {"proofs", to_json(run.proofs)}};
}

}  // namespace payments
