// See orders.h.
#include "orders.h"

namespace payments {

void insert_payments(sqlite::Database& database, const std::vector<Payment>& payments) {
  auto insert = database.prepare("INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?)");
  int number = 0;
  for (const Payment& payment : payments) {
    insert
        .bind(number++, payment.id, payment.debtor, payment.creditor, payment.amount,
              payment.currency)
        .run();
  }
}

Payment payment_in(const sqlite::Statement& row) {
  return {.id = row.text(0),
          .debtor = row.text(1),
          .creditor = row.text(2),
          .amount = row.integer(3),
          .currency = row.text(4)};
}

}  // namespace payments
