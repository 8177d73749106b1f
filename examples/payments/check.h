// Judges a database of payments after the fact, by the SQL of check.sql alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace payments {

struct Proof {
  std::string key;                         ///< one word, for machines
  std::string claim;                       ///< what is proved
  std::optional<std::int64_t> violations;  ///< none: it says nothing without locks
  std::string detail;

  bool is_ok() const { return violations.value_or(0) == 0; }
};

struct Verdict {
  std::vector<Proof> proofs;
  std::int64_t settled = 0;
  std::int64_t rejected = 0;
  std::int64_t refused = 0;  ///< writes that the fence refused

  bool is_ok() const;

  /// The violations of that proof. Throws std::out_of_range if there is none of that key.
  std::int64_t violations(std::string_view key) const;
};

/// Throws sqlite::Error if it is no such database.
Verdict check(const std::filesystem::path& database);

/// The proofs that a script of SQL selects: check_sql or cards_check_sql. Throws sqlite::Error if
/// it does not fit the database.
std::vector<Proof> prove(const std::filesystem::path& database, const char* script);

/// True if it is a database of the second act. Throws sqlite::Error if it is none at all.
bool has_cards(const std::filesystem::path& database);

/// A line for each proof: OK, FAILED or n/a, the claim, the figures.
std::string to_text(const std::vector<Proof>& proofs);

}  // namespace payments
