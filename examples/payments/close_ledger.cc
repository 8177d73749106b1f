// See close_ledger.h.
#include "close_ledger.h"

#include <fmt/format.h>

#include "fence.h"

namespace payments {
namespace {

constexpr std::int64_t kFee = 25;  ///< minor units; less if the account has less

}  // namespace

CloseLedger::CloseLedger(const std::filesystem::path& file)
    : database_(file, sqlite::Database::Mode::Open), fence_(prepare_fence(database_)) {}

std::optional<std::int64_t> CloseLedger::book_fees(int branch, std::uint64_t token, int worker,
                                                   std::uint64_t cut_off) {
  sqlite::Transaction transaction(database_);
  if (!show_token(fence_, fmt::format("close/branch {}", branch), token)) return std::nullopt;
  auto add = database_.prepare(
      "INSERT INTO branches VALUES (?1, ?2, ?3, "
      "(SELECT max(coalesce((SELECT max(seq) FROM effects), 0), "
      "             coalesce((SELECT max(seq) FROM branches), 0)) + 1), ?4, NULL) "
      "ON CONFLICT (branch) DO NOTHING RETURNING 1");
  const bool is_first =
      add.bind(branch, static_cast<std::int64_t>(token), worker, static_cast<std::int64_t>(cut_off))
          .step();
  add.run();
  if (is_first) {
    for (const char* statement :
         {"INSERT INTO fees SELECT id, branch, min(?2, balance) FROM accounts WHERE branch = ?1",
          "UPDATE accounts SET balance = balance - min(?2, balance) WHERE branch = ?1"}) {
      database_.prepare(statement).bind(branch, kFee).run();
    }
    database_
        .prepare(
            "UPDATE accounts AS own SET balance = balance + coalesce("
            "(SELECT sum(amount) FROM fees JOIN accounts ON id = account "
            " WHERE fees.branch = ? AND accounts.currency = own.currency), 0) "
            "WHERE id = 'fees/' || currency")
        .bind(branch)
        .run();
  }
  auto count = database_.prepare("SELECT count(*) FROM fees WHERE branch = ?");
  count.bind(branch).step();
  const std::int64_t booked = count.integer(0);
  count.run();
  transaction.commit();
  return booked;
}

void CloseLedger::record_passage(int branch, std::uint64_t generation) {
  database_.prepare("UPDATE branches SET barrier = ?2 WHERE branch = ?1")
      .bind(branch, static_cast<std::int64_t>(generation))
      .run();
}

bool CloseLedger::has_passed(int branch) {
  auto passed = database_.prepare("SELECT 1 FROM branches WHERE branch = ? AND barrier > 0");
  return passed.bind(branch).step();
}

std::optional<std::string> CloseLedger::balance_books(std::uint64_t token) {
  sqlite::Transaction transaction(database_);
  if (!show_token(fence_, "close/trial balance", token)) return std::nullopt;
  database_
      .prepare(
          "INSERT OR REPLACE INTO trial_balance "
          "SELECT currency, sum(opening), sum(iif(branch > 0, balance, 0)), "
          "       sum(iif(id LIKE 'clearing/%', balance, 0)), "
          "       sum(iif(id LIKE 'fees/%', balance, 0)), ? "
          "FROM accounts GROUP BY currency")
      .bind(static_cast<std::int64_t>(token))
      .run();
  std::string text;
  database_.query(
      "SELECT printf('%s %,d opening = %,d accounts + %,d clearing + %,d fees', currency, opening, "
      "accounts, clearing, fees) FROM trial_balance",
      [&](const sqlite::Statement& row) { text += row.text(0) + "\n"; });
  transaction.commit();
  return text;
}

}  // namespace payments
