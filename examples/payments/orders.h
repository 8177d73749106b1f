// The orders as both acts keep them: a table `payments` in the order of the file.
#pragma once

#include <vector>

#include "payment.h"
#include "sqlite.h"

namespace payments {

void insert_payments(sqlite::Database& database, const std::vector<Payment>& payments);

/// The present row of a statement that selects id, debtor, creditor, amount, currency.
Payment payment_in(const sqlite::Statement& row);

}  // namespace payments
