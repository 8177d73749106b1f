// See dispatcher.h.
#include "dispatcher.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <numeric>

#include "figures.h"

namespace payments {
namespace {

/// A worker has one payment under way and one waiting in its pipe.
constexpr std::size_t kInHandMax = 2;
constexpr int kPollMs = 100;

}  // namespace

Dispatcher::Dispatcher(const std::vector<Payment>& payments, const WorkerPlan& plan,
                       int worker_count, Progress& progress,
                       const volatile std::sig_atomic_t& is_stopped)
    : payments_(payments),
      ledger_(plan.database),
      progress_(progress),
      is_stopped_(is_stopped),
      pending_(payments.size()),
      is_done_(payments.size()) {
  const auto total = static_cast<std::int64_t>(payments.size());
  faults_ = {Fault(Fault::Kind::Kill, total * 3 / 10), Fault(Fault::Kind::Freeze, total * 6 / 10)};
  std::iota(pending_.begin(), pending_.end(), 0);
  for (int number = 1; number <= worker_count; ++number) {
    workers_.push_back(std::make_unique<WorkerProcess>(plan, number));
  }
}

Settlement Dispatcher::run() {
  const std::int64_t started_us = now_us();
  const auto has_ended = [](const auto& worker) { return worker->has_ended(); };
  while (!std::all_of(workers_.begin(), workers_.end(), has_ended)) {
    if (is_stopped_) throw Interrupted();
    hand_out();
    for (const Arrival& arrival : wait_for_reports()) take(*arrival.worker, arrival.report);
    progress_.update(done_count_, meter_.waits().waited_count);
  }
  progress_.finish();
  return result(started_us);
}

void Dispatcher::hand_out() {
  for (const auto& worker : workers_) {
    if (!worker->takes_orders()) continue;
    if (is_all_done()) {
      worker->finish();
      continue;
    }
    while (!pending_.empty() && worker->in_hand().size() < kInHandMax && !is_frozen(*worker)) {
      give(*worker);
    }
  }
}

void Dispatcher::give(WorkerProcess& worker) {
  const int payment = pending_.front();
  pending_.pop_front();
  Fault* const fault = due_fault();
  if (fault != nullptr) fault->order(worker.number(), payment);
  worker.send(
      {.kind = fault != nullptr ? Order::Kind::Stand : Order::Kind::Settle, .number = payment});
}

/// The first fault that is not over, if it is due: one after the other.
Fault* Dispatcher::due_fault() {
  for (Fault& fault : faults_) {
    if (fault.stage() == Fault::Stage::Over) continue;
    return fault.is_due(done_count_) ? &fault : nullptr;
  }
  return nullptr;
}

/// In the order in which the payments were written, whatever the order of the pipes.
std::vector<Dispatcher::Arrival> Dispatcher::wait_for_reports() {
  std::vector<pollfd> polled;
  std::vector<WorkerProcess*> of;
  for (const auto& worker : workers_) {
    if (worker->has_ended()) continue;
    polled.push_back({.fd = worker->reports_fd(), .events = POLLIN, .revents = 0});
    of.push_back(worker.get());
  }
  std::vector<Arrival> arrivals;
  if (poll(polled.data(), polled.size(), kPollMs) <= 0) return arrivals;
  for (std::size_t i = 0; i < polled.size(); ++i) {
    if (polled[i].revents == 0) continue;
    for (const Report& report : of[i]->read_reports()) arrivals.push_back({of[i], report});
    if (of[i]->has_ended()) check_end(*of[i]);
  }
  std::stable_sort(arrivals.begin(), arrivals.end(), [](const Arrival& a, const Arrival& b) {
    return a.report.written_us < b.report.written_us;
  });
  return arrivals;
}

void Dispatcher::take(WorkerProcess& worker, const Report& report) {
  if (report.kind == Report::Kind::Done) take_done(worker, report);
  for (Fault& fault : faults_) {
    if (!fault.concerns(worker.number(), report.number)) continue;
    if (report.kind == Report::Kind::Standing) {
      strike(fault, worker);
    } else {
      fault.hear_done(report.outcome);
    }
  }
}

void Dispatcher::take_done(WorkerProcess& worker, const Report& report) {
  const int payment = report.number;
  const bool is_decided = report.outcome == Outcome::Settled || report.outcome == Outcome::Rejected;
  if (is_decided) meter_.add(payments_[static_cast<std::size_t>(payment)], report);
  if (!is_decided && report.outcome != Outcome::Already) return try_again(worker, report);
  if (!is_done_[static_cast<std::size_t>(payment)]) ++done_count_;
  is_done_[static_cast<std::size_t>(payment)] = true;
  for (Fault& fault : faults_) {
    if (fault.stage() == Fault::Stage::Struck && fault.payment() == payment) wake(fault);
  }
}

void Dispatcher::try_again(const WorkerProcess& worker, const Report& report) {
  ++tried_again_count_;
  if (report.outcome == Outcome::Stale) {
    progress_.note(fmt::format("worker {} writes {} too late, and its token is refused",
                               worker.number(), id_of(report.number)));
  }
  if (!is_done_[static_cast<std::size_t>(report.number)]) pending_.push_front(report.number);
}

void Dispatcher::strike(Fault& fault, WorkerProcess& worker) {
  const int payment = fault.payment();
  if (fault.kind() == Fault::Kind::Kill) {
    worker.process().signal(SIGKILL);
    worker.finish();
  } else {
    worker.process().signal(SIGSTOP);
    if (!worker.process().wait_until_stopped()) return;
    worker.send({.kind = Order::Kind::Go});
  }
  fault.strike();
  ledger_.record_fault(fault.name(), worker.number(), payment);
  meter_.abandon(payments_[static_cast<std::size_t>(payment)]);
  progress_.note(fmt::format("worker {} is {}, with {} between read and write", worker.number(),
                             fault.name(), id_of(payment)));
  hand_to_others(worker);
}

void Dispatcher::wake(Fault& fault) {
  fault.wake();
  workers_[static_cast<std::size_t>(fault.worker() - 1)]->process().signal(SIGCONT);
  progress_.note(fmt::format("worker {} wakes after {}, {} is settled meanwhile", fault.worker(),
                             duration(static_cast<double>(fault.frozen_us())),
                             id_of(fault.payment())));
}

/// What it had in hand comes first, and in its order.
void Dispatcher::hand_to_others(WorkerProcess& worker) {
  const std::deque<int> given_up = worker.give_up();
  pending_.insert(pending_.begin(), given_up.begin(), given_up.end());
}

void Dispatcher::check_end(WorkerProcess& worker) {
  const auto status = worker.process().wait_for(std::chrono::seconds(10));
  const bool was_killed = std::any_of(faults_.begin(), faults_.end(), [&](const Fault& fault) {
    return fault.kind() == Fault::Kind::Kill && fault.stage() == Fault::Stage::Over &&
           fault.worker() == worker.number();
  });
  if (was_killed || (status == 0 && is_all_done())) return;
  throw std::runtime_error(fmt::format("worker {} ended unexpectedly with {}", worker.number(),
                                       status ? describe_end(*status) : "its pipe closed"));
}

bool Dispatcher::is_frozen(const WorkerProcess& worker) const {
  return std::any_of(faults_.begin(), faults_.end(), [&](const Fault& fault) {
    return fault.stage() == Fault::Stage::Struck && fault.worker() == worker.number();
  });
}

const std::string& Dispatcher::id_of(int payment) const {
  return payments_[static_cast<std::size_t>(payment)].id;
}

Settlement Dispatcher::result(std::int64_t started_us) const {
  Settlement settlement{.seconds = static_cast<double>(now_us() - started_us) / 1e6,
                        .waits = meter_.waits(),
                        .tried_again_count = tried_again_count_};
  for (const Fault& fault : faults_) {
    if (fault.stage() != Fault::Stage::Over) continue;
    if (fault.kind() == Fault::Kind::Kill) ++settlement.kill_count;
    if (fault.kind() == Fault::Kind::Freeze) ++settlement.freeze_count;
    if (fault.kind() == Fault::Kind::Freeze) settlement.frozen_us = fault.frozen_us();
  }
  return settlement;
}

}  // namespace payments
