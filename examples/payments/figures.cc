// See figures.h.
#include "figures.h"

#include <fmt/format.h>

namespace payments {

std::string with_commas(std::int64_t number) {
  std::string digits = std::to_string(number);
  const int first = number < 0 ? 1 : 0;
  for (int at = static_cast<int>(digits.size()) - 3; at > first; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

std::string duration(double us) {
  if (us < 10'000) return fmt::format("{:.1f} ms", us / 1'000);
  if (us < 1'000'000) return fmt::format("{:.0f} ms", us / 1'000);
  return fmt::format("{:.2f} s", us / 1'000'000);
}

std::string percent(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return "-";
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

}  // namespace payments
