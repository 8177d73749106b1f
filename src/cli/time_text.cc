// Reading and writing lengths of time.
#include "cli/time_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ctime>
#include <optional>

namespace cli {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kSecond = 1'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array kUnits{Unit{"d", kDay}, Unit{"h", kHour}, Unit{"m", kMinute},
                            Unit{"s", kSecond}, Unit{"ms", 1}};
/// No count of any unit is larger, so that nothing overflows.
constexpr std::int64_t kCountMax = 1'000 * kDay;

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// One `10s` from the front of `text`; nothing if there is none.
struct Part {
  std::int64_t count = 0;
  const Unit* unit = nullptr;
};
std::optional<Part> take_part(std::string_view& text) {
  Part part;
  if (text.empty() || !is_digit(text[0])) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part.count);
  if (error != std::errc() || part.count > kCountMax) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  std::size_t size = 0;
  while (size < text.size() && !is_digit(text[size])) ++size;
  part.unit = find_unit(text.substr(0, size));
  text.remove_prefix(size);
  if (part.unit == nullptr) return std::nullopt;
  return part;
}

std::unexpected<base::Error> refuse(std::string_view text, milliseconds max) {
  const bool lacks_unit = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  return base::failure(
      base::Fault::Usage,
      lacks_unit ? fmt::format("'{0}' needs a unit: {0}s for seconds, {0}ms for milliseconds", text)
                 : fmt::format("'{}' is no length of time up to {}h; write 500ms, 10s, 2m or 1h",
                               text, max / std::chrono::hours(1)));
}

std::tm utc(std::time_t seconds) {
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

base::Result<milliseconds> parse_duration(std::string_view text, milliseconds max) {
  if (text == "0") return milliseconds(0);
  std::string_view rest = text;
  std::int64_t total = 0;
  std::int64_t smaller_than = kDay + 1;
  do {
    const std::optional<Part> part = take_part(rest);
    if (!part || part->unit->ms >= smaller_than) return refuse(text, max);
    smaller_than = part->unit->ms;
    total += part->count * part->unit->ms;
    if (total > max.count()) return refuse(text, max);
  } while (!rest.empty());
  return milliseconds(total);
}

std::string duration_text(std::int64_t ms) {
  if (ms <= 0) return "0s";
  if (ms < kSecond) return fmt::format("{}ms", ms);
  if (ms < 10 * kSecond) return fmt::format("{}.{}s", ms / kSecond, ms % kSecond / 100);
  if (ms < kMinute) return fmt::format("{}s", ms / kSecond);
  if (ms < kHour) return fmt::format("{}m{:02}s", ms / kMinute, ms % kMinute / kSecond);
  if (ms < kDay) return fmt::format("{}h{:02}m", ms / kHour, ms % kHour / kMinute);
  return fmt::format("{}d{:02}h", ms / kDay, ms % kDay / kHour);
}

std::string moment_text(std::int64_t unix_ms) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}Z", utc(unix_ms / 1000));
}

std::string exact_moment_text(base::Time since_1970) {
  const std::int64_t ms = since_1970.us() / 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", utc(ms / 1000), ms % 1000);
}

}  // namespace cli
