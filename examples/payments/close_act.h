// The end of the day, as its driver sees it: declares the flow, waits until every branch waits
// for the cut-off, gives it, and waits for the trial balance.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "progress.h"
#include "step_process.h"

namespace payments {

struct Close {
  double seconds = 0;                           ///< from the cut-off to the trial balance
  std::vector<std::string> why = {};            ///< what the trial balance waited for before it
  std::vector<std::string> trial_balance = {};  ///< a line for each currency
};

/// With a worker process for each branch. Throws as run_card_act().
Close run_close(const StepPlan& plan, Progress& progress,
                const volatile std::sig_atomic_t& is_stopped);

}  // namespace payments
