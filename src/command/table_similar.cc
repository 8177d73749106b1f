// What somebody probably meant who wrote a command that does not exist.
//
// Only runs on the way to an error, so it looks at every row.
#include <algorithm>
#include <array>
#include <numeric>

#include "command/table.h"

namespace command {
namespace {

/// Longer words are no misspelt command, and no command is longer.
constexpr std::size_t kLongest = 40;
/// So many letters may be wrong, missing or too many; in a short name fewer.
constexpr std::size_t kDistanceMax = 2;

std::string upper(std::string_view word) {
  std::string text(word);
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

/// Levenshtein's distance, row by row; `b` is the name of a command.
std::size_t distance(std::string_view a, std::string_view b) {
  std::array<std::size_t, kLongest + 1> row{};
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, diagonal + 1, substituted});
    }
  }
  return row[b.size()];
}

const CommandSpec* nearest(std::string_view name) {
  const CommandSpec* best = nullptr;
  std::size_t best_distance = std::min(kDistanceMax, name.size() / 3) + 1;
  for (const CommandSpec& spec : table()) {
    const std::size_t missing =
        std::max(name.size(), spec.name.size()) - std::min(name.size(), spec.name.size());
    if (missing >= best_distance) continue;
    const std::size_t d = distance(name, spec.name);
    if (d < best_distance) {
      best = &spec;
      best_distance = d;
    }
  }
  return best;
}

/// ACQUIRE for LOCK.ACQUIRE; if several end so, the first.
const CommandSpec* ending_in(std::string_view word) {
  for (const CommandSpec& spec : table()) {
    const std::size_t dot = spec.name.find('.');
    if (dot != std::string_view::npos && spec.name.substr(dot + 1) == word) return &spec;
  }
  return nullptr;
}

}  // namespace

const CommandSpec* find_similar(std::span<const std::string_view> argv) {
  if (argv.empty() || argv[0].empty() || argv[0].size() > kLongest) return nullptr;
  const std::string first = upper(argv[0]);
  if (argv.size() > 1 && argv[1].size() <= kLongest) {
    const std::string second = upper(argv[1]);
    if (const CommandSpec* dotted = find_name(first + "." + second)) return dotted;
    if (is_container(first)) return nearest(first + " " + second);
  }
  const CommandSpec* same_end = ending_in(first);
  return same_end != nullptr ? same_end : nearest(first);
}

}  // namespace command
