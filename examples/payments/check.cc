// See check.h.
#include "check.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "sql.h"
#include "sqlite.h"

namespace payments {

bool Verdict::is_ok() const {
  return std::all_of(proofs.begin(), proofs.end(),
                     [](const Proof& proof) { return proof.is_ok(); });
}

std::int64_t Verdict::violations(std::string_view key) const {
  for (const Proof& proof : proofs) {
    if (proof.key == key) return proof.violations.value_or(0);
  }
  throw std::out_of_range(fmt::format("there is no proof '{}'", key));
}

std::vector<Proof> prove(const std::filesystem::path& file, const char* script) {
  sqlite::Database database(file, sqlite::Database::Mode::Open);
  std::vector<Proof> proofs;
  database.query(script, [&](const sqlite::Statement& row) {
    proofs.push_back({.key = row.text(0),
                      .claim = row.text(1),
                      .violations = row.is_null(2) ? std::nullopt : std::optional(row.integer(2)),
                      .detail = row.text(3)});
  });
  return proofs;
}

bool has_cards(const std::filesystem::path& file) {
  sqlite::Database database(file, sqlite::Database::Mode::Open);
  return database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'effects'").step();
}

Verdict check(const std::filesystem::path& file) {
  Verdict verdict{.proofs = prove(file, check_sql)};
  sqlite::Database database(file, sqlite::Database::Mode::Open);
  database.query(
      "SELECT (SELECT count(*) FROM applied WHERE outcome = 'settled'), "
      "(SELECT count(*) FROM applied WHERE outcome = 'rejected'), (SELECT count(*) FROM refused)",
      [&](const sqlite::Statement& row) {
        verdict.settled = row.integer(0);
        verdict.rejected = row.integer(1);
        verdict.refused = row.integer(2);
      });
  return verdict;
}

std::string to_text(const std::vector<Proof>& proofs) {
  std::string text;
  for (const Proof& proof : proofs) {
    const auto* const word = !proof.violations ? "n/a" : proof.is_ok() ? "OK" : "FAILED";
    text += fmt::format("  {:<6}  {}\n          {}\n", word, proof.claim, proof.detail);
  }
  return text;
}

}  // namespace payments
