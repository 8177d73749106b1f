// See close_steps.h.
#include "close_steps.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

namespace payments {
namespace {

using turnstile::After;
using turnstile::Attempt;
using turnstile::Outcome;

constexpr std::string_view kBranch = "branch ";

Outcome close_branch(const turnstile::Client& client, CloseLedger& ledger, Attempt& attempt,
                     std::stop_token stop, int worker) {
  const int branch = std::atoi(attempt.task().c_str() + kBranch.size());
  const auto cut_off = turnstile::Event(client, kCutOff).wait(stop);
  const auto booked = ledger.book_fees(branch, attempt.token(), worker, cut_off.generation);
  if (!booked) return Outcome::released();
  // An attempt whose predecessor died behind the barrier would wait there for nobody.
  if (!ledger.has_passed(branch)) {
    turnstile::Barrier branches(client, "branches/today", kBranches,
                                {.participant = attempt.task()});
    ledger.record_passage(branch, branches.arrive_and_wait({}, stop).generation);
  }
  return Outcome::completed(fmt::format("{} fees", *booked));
}

Outcome add_up(CloseLedger& ledger, const Attempt& attempt) {
  const auto sums = ledger.balance_books(attempt.token());
  return sums ? Outcome::completed(*sums) : Outcome::released();
}

}  // namespace

std::vector<DeclaredTask> close_tasks() {
  std::vector<DeclaredTask> tasks;
  std::vector<std::string> branches;
  for (int branch = 1; branch <= kBranches; ++branch) {
    branches.push_back(fmt::format("{}{}", kBranch, branch));
    tasks.push_back({branches.back(), {.after = After::nothing()}});
  }
  tasks.push_back({kTrialBalance, {.after = After(branches)}});
  return tasks;
}

Outcome run_close_step(const turnstile::Client& client, CloseLedger& ledger, Attempt& attempt,
                       std::stop_token stop, int worker) {
  if (attempt.task() == kTrialBalance) return add_up(ledger, attempt);
  return close_branch(client, ledger, attempt, stop, worker);
}

}  // namespace payments
