// The steps of a card payment as a worker runs them. A payment is a flow: authorise, capture,
// post to the ledger, notify. Each is handed the result of the step before; a payment that is
// declined skips the two in the middle, and the customer is notified all the same.
#pragma once

#include <turnstile/turnstile.h>

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "card_ledger.h"

namespace payments {

struct DeclaredTask {
  std::string name;
  turnstile::TaskOptions options;
};

/// The tasks of one payment, in their order.
std::vector<DeclaredTask> card_tasks();

/// Where the demo has a worker stand still, to kill or freeze it there.
enum class Place { BeforeWrite, AfterWrite };
using StandStill = std::function<void(Place, const CardStep&)>;

/// Runs one attempt: the effect in the database, and what it came to.
turnstile::Outcome run_card_step(CardLedger& ledger, turnstile::Attempt& attempt, int worker,
                                 const StandStill& stand_still);

}  // namespace payments
