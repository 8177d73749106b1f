// See opening.h.
#include "opening.h"

#include <unordered_map>

namespace payments {

std::vector<Account> open_accounts(const std::vector<Payment>& payments) {
  std::vector<Account> accounts;
  std::unordered_map<std::string, std::size_t> index_of;
  const auto account = [&](const std::string& id, const std::string& currency) -> Account& {
    const auto [place, is_new] = index_of.try_emplace(id, accounts.size());
    if (is_new) accounts.push_back({.id = id, .currency = currency});
    return accounts[place->second];
  };
  for (const Payment& payment : payments) {
    account(payment.debtor, payment.currency).opening += payment.amount;
    account(payment.creditor, payment.currency);
  }
  for (std::size_t i = 15; i < accounts.size(); i += 16) accounts[i].opening /= 2;
  return accounts;
}

}  // namespace payments
