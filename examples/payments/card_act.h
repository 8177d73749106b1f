// The second act of the demo: card payments as flows of four steps, each step run by a pool of
// worker processes; and then the end of their day.
#pragma once

#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

#include "check.h"
#include "payment.h"
#include "progress.h"
#include "step_process.h"

namespace payments {

/// What the act came to, as seen by the driver, and what its database proves.
struct CardRun {
  std::size_t payment_count = 0;
  int worker_count = 0;
  double seconds = 0;                     ///< of the payments, the faults included
  std::int64_t effect_count = 0;          ///< steps done
  std::int64_t killed_taken_over_us = 0;  ///< from the kill until another came to the database
  std::int64_t frozen_taken_over_us = 0;
  double close_seconds = 0;           ///< of the end of the day
  std::vector<std::string> why = {};  ///< what the trial balance waited for before the cut-off
  std::vector<std::string> trial_balance = {};
  std::vector<Proof> proofs = {};

  bool is_ok() const;
};

/// Has all flows run to their ends. Throws Interrupted, std::runtime_error if a worker ends that
/// should not or nothing goes on any more, turnstile::Error, sqlite::Error; no worker is left
/// then. `is_stopped` is set by a signal handler.
CardRun run_card_act(const std::vector<Payment>& payments, const StepPlan& plan, Progress& progress,
                     const volatile std::sig_atomic_t& is_stopped);

}  // namespace payments
