// See card_act.h.
#include "card_act.h"

#include <fmt/format.h>
#include <turnstile/turnstile.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "card_fault.h"
#include "card_ledger.h"
#include "card_steps.h"
#include "card_watch.h"
#include "close_act.h"
#include "close_steps.h"
#include "declaration.h"
#include "interrupted.h"
#include "protocol.h"
#include "sql.h"

namespace payments {
namespace {

using namespace std::chrono_literals;

constexpr auto kPause = 20ms;
constexpr auto kEndPatience = 10s;
constexpr std::int64_t kStuckUs = 60'000'000;

/// A pool for each step. Of the captures' workers one is killed and one frozen.
const std::vector<std::vector<std::string>> kPools = {
    {"capture"},   {"capture"}, {"capture"}, {"capture"}, {"authorise"},
    {"authorise"}, {"post"},    {"post"},    {"notify"},  {"notify"}};

class CardAct {
 public:
  CardAct(const std::vector<Payment>& payments, const StepPlan& plan, Progress& progress,
          const volatile std::sig_atomic_t& is_stopped);

  CardRun run();

 private:
  void run_flows();
  void check_workers();
  void wait_for_ends();
  void record_flows();
  bool is_over();
  std::int64_t unfinished_count();

  const std::vector<Payment>& payments_;
  Progress& progress_;
  const volatile std::sig_atomic_t& is_stopped_;
  CardWatch watch_;
  turnstile::Client client_;
  std::vector<std::unique_ptr<StepProcess>> workers_;
  std::vector<CardFault> faults_;
  std::int64_t notified_count_ = 0;
};

CardAct::CardAct(const std::vector<Payment>& payments, const StepPlan& plan, Progress& progress,
                 const volatile std::sig_atomic_t& is_stopped)
    : payments_(payments),
      progress_(progress),
      is_stopped_(is_stopped),
      watch_(plan.database),
      client_(turnstile::Client::connect(plan.server, {.name = "driver"})) {
  for (const std::vector<std::string>& tasks : kPools) {
    const auto number = static_cast<int>(workers_.size()) + 1;
    workers_.push_back(std::make_unique<StepProcess>(plan, number, tasks));
  }
  const auto note = [this](const std::string& text) { progress_.note(text); };
  const auto total = static_cast<std::int64_t>(payments.size());
  faults_.emplace_back(CardFault::Kind::Kill, *workers_[0], total * 3 / 10, note);
  faults_.emplace_back(CardFault::Kind::Freeze, *workers_[1], total * 6 / 10, note);
}

CardRun CardAct::run() {
  CardRun run{.payment_count = payments_.size(), .worker_count = static_cast<int>(kPools.size())};
  const std::int64_t started_us = now_us();
  run_flows();
  run.seconds = static_cast<double>(now_us() - started_us) / 1e6;
  run.effect_count = watch_.count_all();
  run.killed_taken_over_us = faults_[0].taken_over_after_us();
  run.frozen_taken_over_us = faults_[1].taken_over_after_us();
  return run;
}

void CardAct::run_flows() {
  Declaration declaration(client_, payments_);
  std::int64_t last_effects = -1;
  std::int64_t last_change_us = now_us();
  while (!is_over()) {
    if (is_stopped_) throw Interrupted();
    declaration.declared_count();
    check_workers();
    const std::int64_t captures = watch_.count("capture");
    for (CardFault& fault : faults_) fault.advance(watch_, captures);
    notified_count_ = watch_.count("notify");
    const std::int64_t effects = watch_.count_all();
    progress_.update(notified_count_, effects);
    if (effects != last_effects) last_change_us = now_us();
    last_effects = effects;
    if (now_us() - last_change_us > kStuckUs) throw std::runtime_error("nothing goes on any more");
    std::this_thread::sleep_for(kPause);
  }
  progress_.finish();
  record_flows();
  wait_for_ends();
}

/// The notice of the last payment may be in the database a moment before the server knows.
bool CardAct::is_over() {
  const auto is_over = [](const CardFault& fault) { return fault.is_over(); };
  return notified_count_ == static_cast<std::int64_t>(payments_.size()) &&
         std::all_of(faults_.begin(), faults_.end(), is_over) && unfinished_count() == 0;
}

/// A flow that was closed and has ended is not listed any more.
std::int64_t CardAct::unfinished_count() {
  return static_cast<std::int64_t>(client_.flows("card/", {.count = 1'000}).items.size());
}

void CardAct::record_flows() {
  const auto dead = client_.flows("card/", {.dead_only = true, .count = 1'000}).items.size();
  watch_.record_flows(static_cast<std::int64_t>(payments_.size()), unfinished_count(),
                      static_cast<std::int64_t>(dead));
}

void CardAct::check_workers() {
  for (const auto& worker : workers_) {
    const auto status = worker->process().status();
    if (!status || worker.get() == workers_.front().get()) continue;
    throw std::runtime_error(fmt::format("worker {} ended unexpectedly with {}", worker->number(),
                                         describe_end(*status)));
  }
}

void CardAct::wait_for_ends() {
  for (const auto& worker : workers_) worker->finish();
  for (const auto& worker : workers_) {
    const auto status = worker->process().wait_for(kEndPatience);
    const bool was_killed = faults_[0].has_killed(*worker);
    if (was_killed || status == 0) continue;
    throw std::runtime_error(fmt::format("worker {} ended with {}", worker->number(),
                                         status ? describe_end(*status) : "nothing, in time"));
  }
}

}  // namespace

bool CardRun::is_ok() const {
  return !proofs.empty() && std::all_of(proofs.begin(), proofs.end(),
                                        [](const Proof& proof) { return proof.is_ok(); });
}

CardRun run_card_act(const std::vector<Payment>& payments, const StepPlan& plan, Progress& progress,
                     const volatile std::sig_atomic_t& is_stopped) {
  CardLedger::create(plan.database, payments, kBranches);
  CardRun run = CardAct(payments, plan, progress, is_stopped).run();
  const Close close = run_close(plan, progress, is_stopped);
  run.close_seconds = close.seconds;
  run.why = close.why;
  run.trial_balance = close.trial_balance;
  run.proofs = prove(plan.database, cards_check_sql);
  return run;
}

}  // namespace payments
