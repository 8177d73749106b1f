// See ledger.h.
#include "ledger.h"

#include <fmt/format.h>

#include "fence.h"
#include "opening.h"
#include "orders.h"
#include "sql.h"

namespace payments {
namespace {

using sqlite::Database;
using sqlite::Transaction;

void insert_accounts(Database& database, const std::vector<Payment>& payments) {
  auto insert = database.prepare("INSERT INTO accounts VALUES (?1, ?2, ?3, ?3)");
  for (const Account& account : open_accounts(payments)) {
    insert.bind(account.id, account.currency, account.opening).run();
  }
}

}  // namespace

void Ledger::create(const std::filesystem::path& file, const std::vector<Payment>& payments,
                    bool has_locks) {
  Database database(file, Database::Mode::Create);
  Transaction transaction(database);
  database.run(schema_sql);
  database.run(fence_sql);
  insert_accounts(database, payments);
  insert_payments(database, payments);
  database.prepare("INSERT INTO settings VALUES ('locks', ?)").bind(has_locks ? 1 : 0).run();
  transaction.commit();
}

Ledger::Ledger(const std::filesystem::path& file)
    : database_(file, Database::Mode::Open),
      get_payment_(database_.prepare("SELECT id, debtor, creditor, amount, currency "
                                     "FROM payments WHERE number = ?")),
      get_balance_(database_.prepare("SELECT balance FROM accounts WHERE id = ?")),
      set_balance_(database_.prepare("UPDATE accounts SET balance = ?2 WHERE id = ?1")),
      is_applied_(database_.prepare("SELECT 1 FROM applied WHERE payment = ?")),
      apply_(database_.prepare("INSERT INTO applied VALUES (?1, "
                               "(SELECT coalesce(max(seq), 0) + 1 FROM applied), "
                               "?2, ?3, ?4, ?5, ?6) ON CONFLICT (payment) DO NOTHING "
                               "RETURNING 1")),
      assert_fence_(prepare_fence(database_)) {}

Payment Ledger::payment(int number) {
  if (!get_payment_.bind(number).step()) {
    throw sqlite::Error(SQLITE_NOTFOUND, fmt::format("there is no payment number {}", number));
  }
  Payment payment = payment_in(get_payment_);
  get_payment_.run();
  return payment;
}

bool Ledger::pass_fence(const Payment& payment, Token token) {
  if (!token) return true;
  return show_token(assert_fence_, lock_of(payment.debtor), *token) &&
         show_token(assert_fence_, lock_of(payment.creditor), *token);
}

std::int64_t Ledger::balance(const std::string& account) {
  get_balance_.bind(account).step();
  const std::int64_t found = get_balance_.integer(0);
  get_balance_.run();
  return found;
}

std::optional<Reading> Ledger::read(const Payment& payment, Token token) {
  Transaction transaction(database_);
  if (!pass_fence(payment, token)) return std::nullopt;
  Reading reading{.debtor = balance(payment.debtor), .creditor = balance(payment.creditor)};
  reading.is_applied = is_applied_.bind(payment.id).step();
  is_applied_.run();
  transaction.commit();
  return reading;
}

Outcome Ledger::write(const Payment& payment, const Reading& reading, Token token, int worker) {
  const bool has_funds = reading.debtor >= payment.amount;
  Transaction transaction(database_);
  if (!pass_fence(payment, token)) return Outcome::Stale;
  apply_.bind(payment.id, has_funds ? "settled" : "rejected",
              token ? std::optional(static_cast<std::int64_t>(*token)) : std::nullopt, worker,
              reading.debtor, reading.creditor);
  const bool is_new = apply_.step();
  apply_.run();
  if (!is_new) return Outcome::Already;
  if (has_funds) {
    set_balance_.bind(payment.debtor, reading.debtor - payment.amount).run();
    set_balance_.bind(payment.creditor, reading.creditor + payment.amount).run();
  }
  transaction.commit();
  return has_funds ? Outcome::Settled : Outcome::Rejected;
}

void Ledger::record_refusal(const Payment& payment, std::uint64_t token, int worker) {
  database_.prepare("INSERT INTO refused VALUES (?, ?, ?)")
      .bind(payment.id, static_cast<std::int64_t>(token), worker)
      .run();
}

void Ledger::record_fault(std::string_view kind, int worker, int number) {
  database_.prepare("INSERT INTO faults SELECT ?, ?, id FROM payments WHERE number = ?")
      .bind(kind, worker, number)
      .run();
}

}  // namespace payments
