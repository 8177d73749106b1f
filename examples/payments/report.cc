// See report.h.
#include "report.h"

#include <fmt/format.h>

#include "figures.h"

namespace payments {
namespace {

using Json = nlohmann::ordered_json;

std::string row(std::string_view name, const std::string& locked, const std::string& unlocked) {
  return fmt::format("  {:<40} {:>14} {:>14}\n", name, locked, unlocked);
}

double rate(const Run& run, std::size_t payment_count) {
  return static_cast<double>(payment_count) / run.settlement.seconds;
}

/// The rows that speak of locks, which one of the runs has none of.
std::string lock_rows(const Waits& waits) {
  return row("payments that waited for another", percent(waits.waited_count, waits.acquired_count),
             "-") +
         row("  how long, on average", duration(waits.waited_mean_us()), "-") +
         row("  how long, the longest", duration(static_cast<double>(waits.waited_longest_us)),
             "-") +
         row("time to get two free accounts", duration(waits.free_mean_us()), "-") +
         row("time for which they were held", duration(waits.held_mean_us()), "-");
}

std::string table(const Demonstration& demonstration) {
  const Run& with = demonstration.locked;
  const Run& without = demonstration.unlocked;
  const auto rows = [&](std::string_view name, auto figure) {
    return row(name, with_commas(figure(with)), with_commas(figure(without)));
  };
  return row("", "with locks", "without") +
         rows("payments per second",
              [&](const Run& run) {
                return static_cast<std::int64_t>(rate(run, demonstration.payment_count));
              }) +
         rows("payments settled", [](const Run& run) { return run.verdict.settled; }) +
         rows("payments rejected for lack of funds",
              [](const Run& run) { return run.verdict.rejected; }) +
         lock_rows(with.settlement.waits) +
         rows("workers killed with a payment in hand",
              [](const Run& run) { return run.settlement.kill_count; }) +
         rows("workers frozen with a payment in hand",
              [](const Run& run) { return run.settlement.freeze_count; }) +
         row("  for how long", duration(static_cast<double>(with.settlement.frozen_us)),
             duration(static_cast<double>(without.settlement.frozen_us))) +
         row("stale writes refused by their token", with_commas(with.verdict.refused), "-") +
         rows("updates lost", [](const Run& run) { return run.verdict.violations("updates"); });
}

std::string conclusion(const Demonstration& demonstration) {
  std::string text;
  if (demonstration.is_safe()) {
    text += "With locks and tokens every payment happened once and every balance is right.\n";
  } else {
    text += "FAILED: with locks and tokens not all is as it should be.\n";
  }
  if (demonstration.shows_loss()) {
    text += fmt::format("Without them, {} updates were lost and {} balances are wrong.\n",
                        with_commas(demonstration.unlocked.verdict.violations("updates")),
                        with_commas(demonstration.unlocked.verdict.violations("replay")));
  } else {
    text += "FAILED: the run without locks lost nothing, so that the proofs prove nothing.\n";
  }
  return text;
}

Json to_json(const Waits& waits) {
  return {{"acquired", waits.acquired_count},
          {"waited", waits.waited_count},
          {"mean_ms", waits.waited_mean_us() / 1000},
          {"longest_ms", static_cast<double>(waits.waited_longest_us) / 1000},
          {"free_mean_ms", waits.free_mean_us() / 1000},
          {"held_mean_ms", waits.held_mean_us() / 1000}};
}

Json to_json(const Run& run, std::size_t payment_count) {
  const Settlement& settlement = run.settlement;
  Json json = to_json(run.verdict);
  json["seconds"] = settlement.seconds;
  json["payments_per_second"] = rate(run, payment_count);
  json["killed"] = settlement.kill_count;
  json["frozen"] = settlement.freeze_count;
  json["frozen_ms"] = settlement.frozen_us / 1000;
  return json;
}

}  // namespace

bool Demonstration::is_safe() const {
  return locked.verdict.is_ok() && locked.settlement.kill_count == 1 &&
         locked.settlement.freeze_count == 1 && locked.verdict.refused > 0;
}

bool Demonstration::shows_loss() const {
  return unlocked.verdict.violations("updates") > 0 && unlocked.verdict.violations("replay") > 0;
}

std::string to_text(const Demonstration& demonstration) {
  return fmt::format(
      "\n{} payments by {} worker processes, sessions of {} ms\n\n{}\nThe proofs, with locks:\n\n"
      "{}\nThe same proofs for the run without locks, which must fail:\n\n{}\n{}",
      with_commas(static_cast<std::int64_t>(demonstration.payment_count)),
      demonstration.worker_count, demonstration.ttl_ms, table(demonstration),
      to_text(demonstration.locked.verdict.proofs), to_text(demonstration.unlocked.verdict.proofs),
      conclusion(demonstration));
}

nlohmann::ordered_json to_json(const Demonstration& demonstration) {
  Json locked = to_json(demonstration.locked, demonstration.payment_count);
  Json unlocked = to_json(demonstration.unlocked, demonstration.payment_count);
  locked["waits"] = to_json(demonstration.locked.settlement.waits);
  unlocked["collisions"] = demonstration.unlocked.settlement.waits.waited_count;
  return {{"payments", demonstration.payment_count},
          {"workers", demonstration.worker_count},
          {"ttl_ms", demonstration.ttl_ms},
          {"ok", demonstration.is_safe() && demonstration.shows_loss()},
          {"locked", locked},
          {"unlocked", unlocked}};
}

nlohmann::ordered_json to_json(const std::vector<Proof>& proofs) {
  Json json = Json::array();
  for (const Proof& proof : proofs) {
    json.push_back({{"key", proof.key},
                    {"claim", proof.claim},
                    {"ok", proof.is_ok()},
                    {"violations", proof.violations ? Json(*proof.violations) : Json()},
                    {"detail", proof.detail}});
  }
  return json;
}

nlohmann::ordered_json to_json(const Verdict& verdict) {
  return {{"ok", verdict.is_ok()},
          {"settled", verdict.settled},
          {"rejected", verdict.rejected},
          {"refused", verdict.refused},
          {"proofs", to_json(verdict.proofs)}};
}

}  // namespace payments
