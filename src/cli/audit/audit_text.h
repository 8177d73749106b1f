// An audit for people and for programs.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cli/audit/hold.h"
#include "cli/audit/ledger.h"
#include "cli/terminal.h"

namespace cli {

using AuditRow = std::variant<Hold, Refusal>;

/// What was found in the whole history, whatever was selected of it.
struct AuditReport {
  std::uint64_t entries = 0;
  std::optional<Moment> first;  ///< nothing: the history is empty
  std::optional<Moment> last;
  std::uint64_t from_snapshot = 0;  ///< the index it begins behind; 0: with the very first entry
  std::map<std::string, std::uint64_t> ends;      ///< by cause; "held": not ended
  std::map<std::string, std::uint64_t> refusals;  ///< by code
  std::uint64_t states_checked = 0;               ///< how often all invariants were looked at
  std::string model;                              ///< which one gave a second opinion, or why none
  std::uint64_t judged_by_model = 0;
  std::uint64_t breach_count = 0;
  std::vector<Breach> breaches;  ///< the first of them
  std::string damage;            ///< why the replay could not go on; empty: it came to the end

  bool is_good() const { return breach_count == 0 && damage.empty(); }
};

/// The rows, after a line that says how many earlier ones there were.
std::string audit_table(const std::deque<AuditRow>& rows, std::uint64_t left_out,
                        const Terminal& terminal);
std::string audit_text(const AuditReport& report);

/// JSON on one line.
std::string audit_json(const AuditRow& row);
std::string audit_json(const AuditReport& report);

}  // namespace cli
