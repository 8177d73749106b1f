// See sheet.h.
#include "sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace bench {
namespace {

std::string number(double value) {
  const bool is_whole = value == static_cast<double>(static_cast<long long>(value));
  return is_whole ? fmt::format("{:.0f}", value) : fmt::format("{:.2f}", value);
}

}  // namespace

std::string table_of(const std::vector<Line>& lines) {
  if (lines.empty()) return "nothing was measured\n";
  std::size_t first = 0;
  for (const Figure& figure : lines.front().figures) first = std::max(first, figure.name.size());
  std::string text = fmt::format("{:<{}}", "", first);
  for (const Line& line : lines) text += fmt::format("  {:>14}", line.name);
  text += '\n';
  for (std::size_t row = 0; row < lines.front().figures.size(); ++row) {
    text += fmt::format("{:<{}}", lines.front().figures[row].name, first);
    for (const Line& line : lines) {
      text += fmt::format("  {:>{}}", number(line.figures[row].value),
                          std::max<std::size_t>(14, line.name.size()));
    }
    text += '\n';
  }
  return text;
}

std::string json_of(const std::vector<Line>& lines) {
  std::string text = "[";
  for (const Line& line : lines) {
    if (&line != &lines.front()) text += ',';
    // The names are this program's own: there is nothing in them to escape.
    text += fmt::format("\n  {{\"name\": \"{}\"", line.name);
    for (const Figure& figure : line.figures) {
      text += fmt::format(", \"{}\": {}", figure.name, figure.value);
    }
    text += '}';
  }
  return text + "\n]\n";
}

}  // namespace bench
