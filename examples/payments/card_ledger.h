// The database of the card payments (cards_schema.sql, fence.sql), as their steps see it. A
// step is one transaction: it shows its token to the fence, and writes its effect unless an
// earlier attempt has written it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "payment.h"
#include "sqlite.h"

namespace payments {

/// One attempt of one step, as a worker was given it.
struct CardStep {
  std::string payment;  ///< its id
  std::string step;     ///< "authorise", "capture", "post" or "notify"
  std::string handed;   ///< the result of the step before
  std::uint64_t token = 0;
  int attempt = 0;
  int worker = 0;
};

struct Effect {
  bool is_declined = false;  ///< only of "authorise"
  std::string result;
};

/// The flow of a payment, and its row of the fence for one step.
std::string flow_of(const std::string& payment);
std::string fence_of(const CardStep& step);

/// One connection to the database. All functions throw sqlite::Error when it fails.
class CardLedger {
 public:
  /// Makes the database: the accounts in their branches, and the orders.
  static void create(const std::filesystem::path& file, const std::vector<Payment>& payments,
                     int branch_count);

  explicit CardLedger(const std::filesystem::path& file);

  /// What the step came to, by this attempt or by an earlier one. Nothing, and nothing changed,
  /// if the fence refuses the token.
  std::optional<Effect> apply(const CardStep& step);

  void record_refusal(const CardStep& step);

 private:
  std::optional<Effect> find(const CardStep& step);
  Effect write(const CardStep& step);
  bool authorise(const Payment& payment);
  void capture(const Payment& payment);
  void post(const Payment& payment);
  Payment payment(const std::string& id);

  sqlite::Database database_;
  sqlite::Statement get_payment_;
  sqlite::Statement get_effect_;
  sqlite::Statement add_effect_;
  sqlite::Statement add_attempt_;
  sqlite::Statement hold_;
  sqlite::Statement take_held_;
  sqlite::Statement add_money_;
  sqlite::Statement fence_;
};

}  // namespace payments
