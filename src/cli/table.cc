// Layout of a table.
#include "cli/table.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "base/check.h"
#include "cli/text.h"

namespace cli {
namespace {

constexpr std::size_t kGap = 2;

/// The widest column that can still be cut.
std::optional<std::size_t> widest_elastic(const std::vector<Column>& columns,
                                          const std::vector<std::size_t>& widths) {
  std::optional<std::size_t> widest;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].is_elastic || widths[i] <= columns[i].least) continue;
    if (!widest || widths[i] > widths[*widest]) widest = i;
  }
  return widest;
}

/// The last column that is there and can be spared.
std::optional<std::size_t> last_spare(const std::vector<Column>& columns,
                                      const std::vector<std::size_t>& widths) {
  for (std::size_t i = columns.size(); i-- > 0;) {
    if (columns[i].is_spare && widths[i] > 0) return i;
  }
  return std::nullopt;
}

/// What a row takes, with the gaps between the columns that are there.
std::size_t total(const std::vector<std::size_t>& widths) {
  const auto shown = widths.size() - static_cast<std::size_t>(
                                         std::count(widths.begin(), widths.end(), std::size_t{0}));
  const std::size_t sum = std::accumulate(widths.begin(), widths.end(), std::size_t{0});
  return shown == 0 ? 0 : sum + kGap * (shown - 1);
}

}  // namespace

void Table::add(std::vector<Cell> row) {
  CHECK_EQ(row.size(), columns_.size());
  rows_.push_back(std::move(row));
}

/// The width of each column; 0 for one that is left out.
std::vector<std::size_t> Table::widths(std::size_t available) const {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const std::vector<Cell>& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], columns_of(row[i].text));
    }
  }
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] > 0) widths[i] = std::max(widths[i], columns_of(columns_[i].heading));
  }
  if (available == 0) return widths;
  for (;;) {
    std::vector<std::size_t> cut = widths;
    while (total(cut) > available) {
      const std::optional<std::size_t> widest = widest_elastic(columns_, cut);
      if (!widest) break;
      --cut[*widest];
    }
    const std::optional<std::size_t> spare = last_spare(columns_, widths);
    if (total(cut) <= available || !spare) return cut;
    widths[*spare] = 0;
  }
}

std::string Table::line(const std::vector<Cell>& row, const std::vector<std::size_t>& widths,
                        const Terminal& terminal) const {
  std::string out;
  std::size_t owed = 0;  // blanks are written before a text, never at the end of a line
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (widths[i] == 0) continue;
    const std::string text = shortened(row[i].text, widths[i]);
    const std::size_t padding = widths[i] - columns_of(text);
    const std::size_t before = columns_[i].is_number ? padding : 0;
    if (!text.empty()) {
      out.append(owed + before, ' ');
      out += terminal.styled(text, row[i].style);
      owed = padding - before + kGap;
    } else {
      owed += widths[i] + kGap;
    }
  }
  return out + '\n';
}

std::string Table::text(const Terminal& terminal, std::size_t indent) const {
  const std::size_t available = terminal.width > indent ? terminal.width - indent : 0;
  const std::vector<std::size_t> all_widths = widths(available);
  std::vector<Cell> headings;
  for (const Column& column : columns_) headings.emplace_back(column.heading, Style::Heading);
  const std::string margin(indent, ' ');
  std::string out = margin + line(headings, all_widths, terminal);
  for (const std::vector<Cell>& row : rows_) out += margin + line(row, all_widths, terminal);
  return out;
}

}  // namespace cli
