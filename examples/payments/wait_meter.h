// Tells from the workers' reports which payments had to wait for another one, and how
// long it took to get the locks.
//
// A payment has waited if an earlier one on one of its accounts ended after it had
// asked for them. All reports bear times of one clock, so this is no estimate.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "payment.h"
#include "protocol.h"

namespace payments {

struct Waits {
  std::int64_t acquired_count = 0;
  std::int64_t waited_count = 0;
  std::int64_t waited_us = 0;  ///< all waits together
  std::int64_t waited_longest_us = 0;
  std::int64_t free_us = 0;  ///< all acquisitions of free locks together
  std::int64_t held_us = 0;  ///< all holds together, from the grant to the write

  double waited_mean_us() const;
  double free_mean_us() const;
  double held_mean_us() const;
};

class WaitMeter {
 public:
  /// Reports are to come in the order of their `written_us`.
  void add(const Payment& payment, const Report& report);

  /// Its holder was killed or frozen: who gets the accounts next has waited for it.
  void abandon(const Payment& payment);

  const Waits& waits() const { return waits_; }

 private:
  std::unordered_map<std::string, std::int64_t> held_until_us_;
  Waits waits_;
};

}  // namespace payments
