// What the driver and a worker say to each other, over the worker's stdin and
// stdout, a line at a time:
//
//     settle NUMBER      to the worker: settle this payment
//     stand NUMBER       the same, but stand still between the read and the write,
//                        say so, and go on at the next line, `go`
//     go
//     standing NUMBER    to the driver
//     done NUMBER OUTCOME ASKED GRANTED WRITTEN
//
// The three times are microseconds of the machine's monotonic clock: when the worker
// asked for the locks, when it had them, and when it had written, or given up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger.h"

namespace payments {

struct Order {
  enum class Kind { Settle, Stand, Go };
  Kind kind = Kind::Settle;
  int number = 0;  ///< of a payment; 0 with Go
};

struct Report {
  enum class Kind { Standing, Done };
  Kind kind = Kind::Done;
  int number = 0;
  Outcome outcome = Outcome::Settled;
  std::int64_t asked_us = 0;
  std::int64_t granted_us = 0;
  std::int64_t written_us = 0;
};

/// Each with its line feed.
std::string to_line(const Order& order);
std::string to_line(const Report& report);

/// Of a line without its line feed; nothing if it is none.
std::optional<Order> parse_order(std::string_view line);
std::optional<Report> parse_report(std::string_view line);

/// The clock of the reports.
std::int64_t now_us();

}  // namespace payments
