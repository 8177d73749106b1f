// Signals over time as lines of characters: a bar where a signal is 1, a mark
// where it is 1 for a moment.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace cli {

class Chart {
 public:
  /// From `begin` to `end` in so many columns, at least 1 each.
  Chart(base::Time begin, base::Time end, std::size_t columns);

  std::size_t columns() const { return columns_; }
  /// What one column stands for.
  base::Duration step() const;

  /// A line of blanks to draw on.
  std::vector<std::string_view> line() const { return {columns_, " "}; }
  /// At least one column wide, so that what is short is seen.
  void bar(std::vector<std::string_view>& line, base::Time from, base::Time to,
           std::string_view glyph) const;
  /// Several in one column are one mark.
  void mark(std::vector<std::string_view>& line, base::Time at, std::string_view glyph) const;

  static std::string text(const std::vector<std::string_view>& line);

 private:
  std::size_t column_of(base::Time time) const;

  base::Time begin_;
  base::Time end_;
  std::size_t columns_;
};

}  // namespace cli
