// Has a file of payments settled by several worker processes, as a queue would: it
// hands out each payment, and hands it out again when the worker that had it
// in hand has died or does not answer. So a payment may be tried twice, by two
// workers, at the same time; that it happens once is for the locks and the database.
#pragma once

#include <csignal>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "faults.h"
#include "interrupted.h"
#include "payment.h"
#include "progress.h"
#include "wait_meter.h"
#include "worker_process.h"

namespace payments {

/// What a run came to, as seen by the dispatcher; the database knows the rest.
struct Settlement {
  double seconds = 0;
  Waits waits;
  int kill_count = 0;
  int freeze_count = 0;
  std::int64_t frozen_us = 0;
  std::int64_t tried_again_count = 0;  ///< attempts that changed nothing
};

class Dispatcher {
 public:
  /// `is_stopped` is set by a signal handler, and looked at several times a second.
  Dispatcher(const std::vector<Payment>& payments, const WorkerPlan& plan, int worker_count,
             Progress& progress, const volatile std::sig_atomic_t& is_stopped);

  /// Until every payment is done and every worker has ended. Throws Interrupted, or
  /// std::runtime_error if a worker ends that should not; no worker is left then.
  Settlement run();

 private:
  struct Arrival {
    WorkerProcess* worker;
    Report report;
  };

  void hand_out();
  void give(WorkerProcess& worker);
  std::vector<Arrival> wait_for_reports();
  void take(WorkerProcess& worker, const Report& report);
  void take_done(WorkerProcess& worker, const Report& report);
  void try_again(const WorkerProcess& worker, const Report& report);
  void strike(Fault& fault, WorkerProcess& worker);
  void wake(Fault& fault);
  void hand_to_others(WorkerProcess& worker);
  void check_end(WorkerProcess& worker);
  bool is_all_done() const { return done_count_ == static_cast<std::int64_t>(payments_.size()); }
  bool is_frozen(const WorkerProcess& worker) const;
  Fault* due_fault();
  const std::string& id_of(int payment) const;
  Settlement result(std::int64_t started_us) const;

  const std::vector<Payment>& payments_;
  Ledger ledger_;
  Progress& progress_;
  const volatile std::sig_atomic_t& is_stopped_;
  std::vector<std::unique_ptr<WorkerProcess>> workers_;
  std::vector<Fault> faults_;
  std::deque<int> pending_;
  std::vector<bool> is_done_;
  std::int64_t done_count_ = 0;
  std::int64_t tried_again_count_ = 0;
  WaitMeter meter_;
};

}  // namespace payments
