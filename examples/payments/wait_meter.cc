// See wait_meter.h.
#include "wait_meter.h"

#include <algorithm>
#include <limits>

namespace payments {
namespace {

double mean(std::int64_t sum, std::int64_t count) {
  return count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count);
}

}  // namespace

double Waits::waited_mean_us() const { return mean(waited_us, waited_count); }
double Waits::free_mean_us() const { return mean(free_us, acquired_count - waited_count); }
double Waits::held_mean_us() const { return mean(held_us, acquired_count); }

void WaitMeter::add(const Payment& payment, const Report& report) {
  bool has_waited = false;
  for (const std::string& account : {payment.debtor, payment.creditor}) {
    std::int64_t& held_until_us = held_until_us_[account];
    has_waited |= held_until_us > report.asked_us;
    held_until_us = report.written_us;
  }
  const std::int64_t took_us = report.granted_us - report.asked_us;
  ++waits_.acquired_count;
  waits_.held_us += report.written_us - report.granted_us;
  if (!has_waited) {
    waits_.free_us += took_us;
    return;
  }
  ++waits_.waited_count;
  waits_.waited_us += took_us;
  waits_.waited_longest_us = std::max(waits_.waited_longest_us, took_us);
}

void WaitMeter::abandon(const Payment& payment) {
  for (const std::string& account : {payment.debtor, payment.creditor}) {
    held_until_us_[account] = std::numeric_limits<std::int64_t>::max();
  }
}

}  // namespace payments
