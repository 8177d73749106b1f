// The end of the day as a worker runs it, one flow for the whole bank:
//
//     branch 1 … branch N    side by side; each waits for the cut-off, books its fees, and waits
//                            at a barrier for the others
//     trial balance          after all of them
#pragma once

#include <turnstile/turnstile.h>

#include <stop_token>
#include <string>
#include <vector>

#include "card_steps.h"
#include "close_ledger.h"

namespace payments {

inline constexpr int kBranches = 8;
inline constexpr const char* kCloseFlow = "close/today";
inline constexpr const char* kCutOff = "cut-off/today";
inline constexpr const char* kTrialBalance = "trial balance";

std::vector<DeclaredTask> close_tasks();

/// Runs one attempt of one of the tasks. Throws turnstile::Error, so that it is tried again.
turnstile::Outcome run_close_step(const turnstile::Client& client, CloseLedger& ledger,
                                  turnstile::Attempt& attempt, std::stop_token stop, int worker);

}  // namespace payments
