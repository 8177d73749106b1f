// The database of the payments (schema.sql, fence.sql), as a payment engine sees it:
// read two balances, compute, write two balances. Between the read and the write
// other processes may do the same; what keeps them apart is the lock, and what
// keeps out those who only believe that they hold it is the token.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "payment.h"
#include "sqlite.h"

namespace payments {

/// What a settlement needs to know. Without a token: the control run, no fence.
struct Reading {
  std::int64_t debtor = 0;
  std::int64_t creditor = 0;
  bool is_applied = false;  ///< the payment was decided before
};

/// What became of an attempt to write a payment.
enum class Outcome {
  Settled,   ///< the money has moved
  Rejected,  ///< decided, and recorded: the debtor lacks the funds
  Already,   ///< somebody else had decided it; nothing was changed
  Stale,     ///< the fence refused the token; nothing was changed
  Lost,      ///< the lock was lost and the worker knew; nothing was tried
};

/// One connection to the database. All functions throw sqlite::Error when it fails.
class Ledger {
 public:
  using Token = std::optional<std::uint64_t>;

  /// Makes the database: the accounts with what they start with, and the orders.
  static void create(const std::filesystem::path& file, const std::vector<Payment>& payments,
                     bool has_locks);

  explicit Ledger(const std::filesystem::path& file);

  /// The order at that place of the file.
  Payment payment(int number);

  /// Shows the token to the fence, then reads: from here on nobody with a smaller one
  /// can write. Nothing if the fence refuses it.
  std::optional<Reading> read(const Payment& payment, Token token);

  /// Shows the token again, and writes what follows from the reading: balances that
  /// were computed from it, and the decision, in one transaction. Never Lost.
  Outcome write(const Payment& payment, const Reading& reading, Token token, int worker);

  /// For the report: that the fence refused this worker, and what was done to it.
  void record_refusal(const Payment& payment, std::uint64_t token, int worker);
  void record_fault(std::string_view kind, int worker, int number);

 private:
  bool pass_fence(const Payment& payment, Token token);
  std::int64_t balance(const std::string& account);

  sqlite::Database database_;
  sqlite::Statement get_payment_;
  sqlite::Statement get_balance_;
  sqlite::Statement set_balance_;
  sqlite::Statement is_applied_;
  sqlite::Statement apply_;
  sqlite::Statement assert_fence_;
};

}  // namespace payments
