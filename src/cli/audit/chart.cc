// Times to columns.
#include "cli/audit/chart.h"

#include <algorithm>

namespace cli {

Chart::Chart(base::Time begin, base::Time end, std::size_t columns)
    : begin_(begin),
      end_(std::max(end, begin + base::Duration::from_us(1))),
      columns_(std::max<std::size_t>(columns, 1)) {}

base::Duration Chart::step() const {
  return base::Duration::from_us((end_ - begin_).us() / static_cast<std::int64_t>(columns_));
}

std::size_t Chart::column_of(base::Time time) const {
  const base::Time shown = std::clamp(time, begin_, end_);
  // In floating point, for microseconds times columns may not fit.
  const double part =
      static_cast<double>((shown - begin_).us()) / static_cast<double>((end_ - begin_).us());
  const auto column = static_cast<std::size_t>(part * static_cast<double>(columns_));
  return std::min(column, columns_ - 1);
}

void Chart::bar(std::vector<std::string_view>& line, base::Time from, base::Time to,
                std::string_view glyph) const {
  if (to < begin_ || from > end_) return;
  for (std::size_t column = column_of(from); column <= column_of(to); ++column) {
    line[column] = glyph;
  }
}

void Chart::mark(std::vector<std::string_view>& line, base::Time at, std::string_view glyph) const {
  if (at < begin_ || at > end_) return;
  line[column_of(at)] = glyph;
}

std::string Chart::text(const std::vector<std::string_view>& line) {
  std::string text;
  for (const std::string_view glyph : line) text += glyph;
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace cli
