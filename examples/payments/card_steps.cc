// See card_steps.h.
#include "card_steps.h"

namespace payments {
namespace {

using turnstile::After;
using turnstile::Attempt;
using turnstile::Outcome;
using turnstile::When;

/// What the last step that was not skipped came to. A step after nothing is handed nothing.
std::string handed_to(const Attempt& attempt) {
  std::string handed;
  for (const turnstile::TaskResult& before : attempt.results()) {
    if (before.is_completed()) handed = before.result;
    if (before.state == turnstile::TaskState::Failed) handed = before.reason;
  }
  return handed;
}

}  // namespace

std::vector<DeclaredTask> card_tasks() {
  return {{"authorise", {.after = After::nothing()}},
          {"capture", {.after = {"authorise"}}},
          {"post", {.after = {"capture"}}},
          {"notify", {.after = {"authorise", "post"}, .when = When::Ended}}};
}

Outcome run_card_step(CardLedger& ledger, Attempt& attempt, int worker,
                      const StandStill& stand_still) {
  const CardStep step{.payment = attempt.flow().substr(flow_of("").size()),
                      .step = attempt.task(),
                      .handed = handed_to(attempt),
                      .token = attempt.token(),
                      .attempt = attempt.number(),
                      .worker = worker};
  stand_still(Place::BeforeWrite, step);
  const std::optional<Effect> effect = ledger.apply(step);
  if (!effect) {  // somebody has taken it over
    ledger.record_refusal(step);
    return Outcome::released();
  }
  stand_still(Place::AfterWrite, step);
  return effect->is_declined ? Outcome::failed(effect->result) : Outcome::completed(effect->result);
}

}  // namespace payments
