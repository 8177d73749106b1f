// Reads a file of payments:
//
//     id,debtor,creditor,amount,currency
//     P000001,cust-EUR-018,shop-EUR-120,42,EUR
//
// The first line names the columns, in this order. Fields may be quoted as in
// RFC 4180, without line breaks inside; CRLF and a byte order mark are accepted.
// Amounts are whole minor units. Whatever else is found is refused with the file,
// the line and the column (both from 1) at which it stands.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "payment.h"

namespace payments {

/// `what()` is `FILE:LINE:COLUMN: what is wrong`.
struct CsvError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr std::int64_t kAmountMax = 1'000'000'000'000;
inline constexpr std::size_t kPaymentsMax = 1'000'000;

/// All payments of the file, in its order; at least one. Their ids differ, and each
/// account appears with one currency only. Throws CsvError.
std::vector<Payment> read_payments(const std::filesystem::path& file);

}  // namespace payments
