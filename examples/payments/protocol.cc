// See protocol.h.
#include "protocol.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <sstream>

namespace payments {
namespace {

constexpr std::array<std::string_view, 3> kOrders = {"settle", "stand", "go"};
constexpr std::array<std::string_view, 2> kReports = {"standing", "done"};
constexpr std::array<std::string_view, 5> kOutcomes = {"settled", "rejected", "already", "stale",
                                                       "lost"};

/// The enumerator whose word it is; the words stand in the order of the enumerators.
template <class Enum, std::size_t size>
bool parse_word(std::istream& line, const std::array<std::string_view, size>& words, Enum& value) {
  std::string word;
  if (!(line >> word)) return false;
  for (std::size_t i = 0; i < size; ++i) {
    if (words[i] != word) continue;
    value = static_cast<Enum>(i);
    return true;
  }
  return false;
}

template <class Enum, std::size_t size>
std::string_view word_of(Enum value, const std::array<std::string_view, size>& words) {
  return words[static_cast<std::size_t>(value)];
}

}  // namespace

std::string to_line(const Order& order) {
  return fmt::format("{} {}\n", word_of(order.kind, kOrders), order.number);
}

std::string to_line(const Report& report) {
  if (report.kind == Report::Kind::Standing) return fmt::format("standing {}\n", report.number);
  return fmt::format("done {} {} {} {} {}\n", report.number, word_of(report.outcome, kOutcomes),
                     report.asked_us, report.granted_us, report.written_us);
}

std::optional<Order> parse_order(std::string_view line) {
  std::istringstream words{std::string(line)};
  Order order;
  if (!parse_word(words, kOrders, order.kind) || !(words >> order.number)) return std::nullopt;
  return order;
}

std::optional<Report> parse_report(std::string_view line) {
  std::istringstream words{std::string(line)};
  Report report;
  if (!parse_word(words, kReports, report.kind) || !(words >> report.number)) return std::nullopt;
  if (report.kind == Report::Kind::Standing) return report;
  if (!parse_word(words, kOutcomes, report.outcome) ||
      !(words >> report.asked_us >> report.granted_us >> report.written_us)) {
    return std::nullopt;
  }
  return report;
}

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace payments
