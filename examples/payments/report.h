// What the demo says at its end: for people a table and the proofs, for machines JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "check.h"
#include "dispatcher.h"

namespace payments {

/// One settlement of the whole file, and what its database says about it.
struct Run {
  Settlement settlement;
  Verdict verdict;
};

/// The demo as a whole: with locks, and the control without.
struct Demonstration {
  std::size_t payment_count = 0;
  int worker_count = 0;
  int ttl_ms = 0;
  Run locked = {};
  Run unlocked = {};

  /// With locks every proof holds, and a worker was killed and another frozen.
  bool is_safe() const;
  /// Without locks updates were lost, and balances are wrong: the proofs can fail.
  bool shows_loss() const;
};

std::string to_text(const Demonstration& demonstration);

nlohmann::ordered_json to_json(const Demonstration& demonstration);
nlohmann::ordered_json to_json(const Verdict& verdict);
nlohmann::ordered_json to_json(const std::vector<Proof>& proofs);

}  // namespace payments
