// What the demo is about: a payment, and an account.
#pragma once

#include <cstdint>
#include <string>

namespace payments {

/// An order to move money, as it stands in the file.
struct Payment {
  std::string id;
  std::string debtor;       ///< who pays
  std::string creditor;     ///< who is paid
  std::int64_t amount = 0;  ///< in minor units of the currency; positive
  std::string currency;
};

/// An account, before the first payment.
struct Account {
  std::string id;
  std::string currency;
  std::int64_t opening = 0;  ///< minor units
};

/// The name of the lock of an account, and of its row in the fence.
inline std::string lock_of(const std::string& account) { return "account/" + account; }

}  // namespace payments
