// See card_ledger.h.
#include "card_ledger.h"

#include <fmt/format.h>

#include <set>

#include "fence.h"
#include "opening.h"
#include "orders.h"
#include "sql.h"

namespace payments {
namespace {

using sqlite::Database;
using sqlite::Transaction;

/// The customers and shops in turn to the branches, and the bank's own, which start with nothing.
void insert_accounts(Database& database, const std::vector<Payment>& payments, int branch_count) {
  auto insert = database.prepare("INSERT INTO accounts VALUES (?1, ?2, ?3, ?4, ?4, 0)");
  int number = 0;
  std::set<std::string> currencies;
  for (const Account& account : open_accounts(payments)) {
    const int branch = 1 + number++ % branch_count;
    insert.bind(account.id, account.currency, branch, account.opening).run();
    currencies.insert(account.currency);
  }
  for (const std::string& currency : currencies) {
    for (const char* own : {"clearing/", "fees/"})
      insert.bind(own + currency, currency, 0, 0).run();
  }
}

}  // namespace

std::string flow_of(const std::string& payment) { return "card/" + payment; }

std::string fence_of(const CardStep& step) {
  return fmt::format("{}/{}", flow_of(step.payment), step.step);
}

void CardLedger::create(const std::filesystem::path& file, const std::vector<Payment>& payments,
                        int branch_count) {
  Database database(file, Database::Mode::Create);
  Transaction transaction(database);
  database.run(cards_schema_sql);
  database.run(fence_sql);
  insert_accounts(database, payments, branch_count);
  insert_payments(database, payments);
  transaction.commit();
}

CardLedger::CardLedger(const std::filesystem::path& file)
    : database_(file, Database::Mode::Open),
      get_payment_(database_.prepare("SELECT id, debtor, creditor, amount, currency "
                                     "FROM payments WHERE id = ?")),
      get_effect_(database_.prepare("SELECT outcome, result FROM effects "
                                    "WHERE payment = ? AND step = ?")),
      add_effect_(database_.prepare("INSERT INTO effects VALUES (?1, ?2, "
                                    "(SELECT coalesce(max(seq), 0) + 1 FROM effects), "
                                    "?3, ?4, ?5, ?6, ?7)")),
      add_attempt_(database_.prepare("INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?) "
                                     "ON CONFLICT DO NOTHING")),
      hold_(database_.prepare("UPDATE accounts SET held = held + ?2 "
                              "WHERE id = ?1 AND balance - held >= ?2 RETURNING 1")),
      take_held_(database_.prepare("UPDATE accounts SET balance = balance - ?2, held = held - ?2 "
                                   "WHERE id = ?1")),
      add_money_(database_.prepare("UPDATE accounts SET balance = balance + ?2 WHERE id = ?1")),
      fence_(prepare_fence(database_)) {}

std::optional<Effect> CardLedger::apply(const CardStep& step) {
  Transaction transaction(database_);
  if (!show_token(fence_, fence_of(step), step.token)) return std::nullopt;
  const std::optional<Effect> found = find(step);
  const Effect effect = found ? *found : write(step);
  add_attempt_
      .bind(step.payment, step.step, static_cast<std::int64_t>(step.token), step.attempt,
            step.worker, found ? 0 : 1)
      .run();
  transaction.commit();
  return effect;
}

std::optional<Effect> CardLedger::find(const CardStep& step) {
  std::optional<Effect> effect;
  if (get_effect_.bind(step.payment, step.step).step()) {
    effect = {.is_declined = get_effect_.text(0) == "declined", .result = get_effect_.text(1)};
  }
  get_effect_.run();
  return effect;
}

Effect CardLedger::write(const CardStep& step) {
  const Payment order = payment(step.payment);
  Effect effect{
      .result = fmt::format("{} {} {} {}", step.step, order.amount, order.currency, step.token)};
  if (step.step == "authorise" && !authorise(order)) {
    effect = {.is_declined = true, .result = "declined: the account lacks the funds"};
  }
  if (step.step == "capture") capture(order);
  if (step.step == "post") post(order);
  add_effect_
      .bind(step.payment, step.step, static_cast<std::int64_t>(step.token), step.worker,
            effect.is_declined ? "declined" : "done", step.handed, effect.result)
      .run();
  return effect;
}

bool CardLedger::authorise(const Payment& payment) {
  const bool has_funds = hold_.bind(payment.debtor, payment.amount).step();
  hold_.run();
  return has_funds;
}

void CardLedger::capture(const Payment& payment) {
  take_held_.bind(payment.debtor, payment.amount).run();
  add_money_.bind("clearing/" + payment.currency, payment.amount).run();
}

void CardLedger::post(const Payment& payment) {
  add_money_.bind("clearing/" + payment.currency, -payment.amount).run();
  add_money_.bind(payment.creditor, payment.amount).run();
}

Payment CardLedger::payment(const std::string& id) {
  if (!get_payment_.bind(id).step()) {
    throw sqlite::Error(SQLITE_NOTFOUND, fmt::format("there is no payment {}", id));
  }
  Payment payment = payment_in(get_payment_);
  get_payment_.run();
  return payment;
}

void CardLedger::record_refusal(const CardStep& step) {
  database_.prepare("INSERT INTO refused VALUES (?, ?, ?, ?)")
      .bind(step.payment, step.step, static_cast<std::int64_t>(step.token), step.worker)
      .run();
}

}  // namespace payments
