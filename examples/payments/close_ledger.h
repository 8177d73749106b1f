// The end of the day in the database of the card payments: each branch books the fees of its
// accounts, and then the books are added up.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "sqlite.h"

namespace payments {

/// One connection to the database. All functions throw sqlite::Error when it fails.
class CloseLedger {
 public:
  explicit CloseLedger(const std::filesystem::path& file);

  /// Books a fee for each account of a branch, in one transaction, unless it has been done;
  /// returns how many. Nothing if the fence refuses the token.
  std::optional<std::int64_t> book_fees(int branch, std::uint64_t token, int worker,
                                        std::uint64_t cut_off);

  /// That the branch has passed the barrier; has_passed() tells it to a later attempt.
  void record_passage(int branch, std::uint64_t generation);
  bool has_passed(int branch);

  /// Adds up all accounts and keeps the sums. Nothing if the fence refuses the token.
  std::optional<std::string> balance_books(std::uint64_t token);

 private:
  sqlite::Database database_;
  sqlite::Statement fence_;
};

}  // namespace payments
