// See report.h.
#include "report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "statistics.h"

namespace bench {
namespace {

using Cells = std::array<std::string, 9>;

/// Three digits or more, whatever the size.
std::string number(double value) {
  if (value == 0) return "0";
  if (value < 10) return fmt::format("{:.2f}", value);
  return value < 100 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value);
}

Spread spread_in(const std::map<JournalKind, std::vector<double>>& rounds, JournalKind journal) {
  const auto it = rounds.find(journal);
  return it == rounds.end() ? Spread{} : spread_of(it->second);
}

}  // namespace

void Report::add(const Workload& workload, JournalKind journal, const Outcome& outcome) {
  for (const Figure& figure : outcome.figures) {
    row(to_string(workload), figure.name).rounds[journal].push_back(figure.value);
  }
}

Report::Row& Report::row(const std::string& workload, const std::string& figure) {
  const auto it = std::ranges::find_if(
      rows_, [&](const Row& row) { return row.workload == workload && row.figure == figure; });
  if (it != rows_.end()) return *it;
  return rows_.emplace_back(Row{.workload = workload, .figure = figure, .rounds = {}});
}

std::string Report::table() const {
  std::vector<Cells> lines = {
      {"workload", "figure", "file", "min", "max", "memory", "min", "max", "file / memory"}};
  for (const Row& row : rows_) {
    const Spread file = spread_in(row.rounds, JournalKind::File);
    const Spread memory = spread_in(row.rounds, JournalKind::Memory);
    lines.push_back(
        {row.workload, row.figure, number(file.median), number(file.min), number(file.max),
         number(memory.median), number(memory.min), number(memory.max),
         memory.median == 0 ? "-" : fmt::format("{:.2f}", file.median / memory.median)});
  }
  std::array<std::size_t, std::tuple_size_v<Cells>> widths{};
  for (const Cells& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string text;
  for (const Cells& line : lines) {
    text += fmt::format("{:<{}}  {:<{}}", line[0], widths[0], line[1], widths[1]);
    for (std::size_t i = 2; i < line.size(); ++i) {
      text += fmt::format("  {:>{}}", line[i], widths[i]);
    }
    text += '\n';
  }
  return text;
}

std::string Report::json() const {
  std::string text = "[";
  for (const Row& row : rows_) {
    if (&row != &rows_.front()) text += ',';
    // The names are this program's own: there is nothing in them to escape.
    text += fmt::format("\n  {{\"workload\": \"{}\", \"figure\": \"{}\"", row.workload, row.figure);
    for (const auto& [journal, values] : row.rounds) {
      const Spread spread = spread_of(values);
      text += fmt::format(
          ", \"{}\": {{\"median\": {}, \"min\": {}, \"max\": {}, \"rounds\": [{}]}}",
          to_string(journal), spread.median, spread.min, spread.max, fmt::join(values, ", "));
    }
    text += '}';
  }
  return text + "\n]\n";
}

}  // namespace bench
