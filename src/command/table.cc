// The command table, and the way from a name to its row.
#include "command/table.h"

#include <algorithm>
#include <array>

#include "command/table_lock_rows.h"
#include "command/table_server_rows.h"
#include "command/table_task_rows.h"

namespace command {
namespace {

template <std::size_t... N>
constexpr auto joined(const std::array<CommandSpec, N>&... parts) {
  std::array<CommandSpec, (N + ...)> all{};
  auto next = all.begin();
  ((next = std::copy(parts.begin(), parts.end(), next)), ...);
  return all;
}

constexpr std::array kTable = joined(kLockRows, kTaskRows, kServerRows);

// --- from a name to its row: a perfect hash, whose seed the compiler finds

constexpr std::size_t kSlotCount = 1'024;
constexpr std::uint8_t kNoRow = 0xff;
static_assert(kTable.size() < kNoRow);

constexpr std::uint32_t hash_word(std::uint32_t hash, std::string_view word) {
  for (const char c : word) {
    const auto upper = static_cast<unsigned char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    hash = (hash ^ upper) * 16'777'619U;
  }
  return hash;
}

/// The slot of a name whose words are `first` and, unless it is empty, `second`.
constexpr std::size_t slot_of(std::uint32_t seed, std::string_view first, std::string_view second) {
  std::uint32_t hash = hash_word(seed, first);
  if (!second.empty()) hash = hash_word(hash_word(hash, " "), second);
  return hash >> 22;
}
static_assert(kSlotCount == 1U << (32 - 22));

using Slots = std::array<std::uint8_t, kSlotCount>;

struct PerfectHash {
  std::uint32_t seed = 0;
  Slots slots{};
};

constexpr bool fill(Slots& slots, std::uint32_t seed) {
  slots.fill(kNoRow);
  for (std::size_t row = 0; row < kTable.size(); ++row) {
    std::uint8_t& slot = slots[slot_of(seed, kTable[row].name, {})];
    if (slot != kNoRow) return false;
    slot = static_cast<std::uint8_t>(row);
  }
  return true;
}

consteval PerfectHash make_perfect_hash() {
  PerfectHash hash;
  while (!fill(hash.slots, hash.seed)) ++hash.seed;
  return hash;
}

constexpr PerfectHash kHash = make_perfect_hash();

bool is_name(const CommandSpec& spec, std::string_view first, std::string_view second) {
  if (second.empty()) return is_word(first, spec.name) && !spec.is_two_words();
  return spec.name.size() == first.size() + 1 + second.size() &&
         is_word(first, spec.name.substr(0, first.size())) && spec.name[first.size()] == ' ' &&
         is_word(second, spec.name.substr(first.size() + 1));
}

const CommandSpec* find_words(std::string_view first, std::string_view second) {
  constexpr std::size_t kLongest = 32;  // no name has so many; longer ones are not worth hashing
  if (first.size() > kLongest || second.size() > kLongest) return nullptr;
  const std::uint8_t row = kHash.slots[slot_of(kHash.seed, first, second)];
  return row != kNoRow && is_name(kTable[row], first, second) ? &kTable[row] : nullptr;
}

}  // namespace

std::span<const CommandSpec> table() { return kTable; }

bool is_container(std::string_view word) {
  return is_word(word, "CLIENT") || is_word(word, "COMMAND") || is_word(word, "CLUSTER");
}

const CommandSpec* find(std::span<const std::string_view> argv) {
  if (argv.empty() || argv[0].empty()) return nullptr;
  const bool is_command = is_word(argv[0], "COMMAND");
  if (!is_container(argv[0])) return find_words(argv[0], {});
  // COMMAND is one of its own too, alone or with the closing SESSION clause.
  const bool is_alone =
      argv.size() == 1 || (argv.size() == 4 && is_word(argv[1], option_word(Option::Session)));
  if (is_command && is_alone) return find_words(argv[0], {});
  return argv.size() > 1 && !argv[1].empty() ? find_words(argv[0], argv[1]) : nullptr;
}

const CommandSpec* find_name(std::string_view name) {
  const std::size_t end = name.find_first_of(" |");
  if (name.empty() || end == 0) return nullptr;
  if (end == std::string_view::npos) return find_words(name, {});
  const std::string_view second = name.substr(end + 1);
  return second.empty() ? nullptr : find_words(name.substr(0, end), second);
}

std::string redis_name(const CommandSpec& spec) {
  std::string name(spec.name);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == ' ') c = '|';
  }
  return name;
}

std::string_view group_name(Group group) {
  switch (group) {
    case Group::Session: return "session";
    case Group::Lock: return "lock";
    case Group::Semaphore: return "semaphore";
    case Group::Election: return "election";
    case Group::Task: return "task";
    case Group::Signal: return "signal";
    case Group::Connection: return "connection";
    case Group::Server: return "server";
  }
  return {};
}

}  // namespace command
