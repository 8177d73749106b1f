// Every command of the wire, in one table.
//
// The parser, COMMAND COUNT|DOCS|INFO|LIST, the command line's help and
// docs/protocol.md are all fed from it, so that none of them can lag behind.
//
// To add a command: its row in table_*_rows.h, its parse function in parse_*.cc
// (declared in parse_commands.h), and `TURNSTILE_REWRITE_DOCS=1` to the tests
// for docs/protocol.md. To add an option: its enumerator here, its word in
// parse_arguments.cc, its name in the rows that take it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "command/request.h"

namespace command {

class Arguments;

enum class Group : std::uint8_t {
  Session,
  Lock,
  Semaphore,
  Election,
  Task,
  Signal,
  Connection,
  Server
};

/// Every word that introduces an option. Shared and And are part of a list of keys.
enum class Option : std::uint8_t {
  Shared,
  And,
  After,
  Agent,
  As,
  Async,
  Attempts,
  Auth,
  Auto,
  Backoff,
  Checkpoint,
  Count,
  Deadline,
  Delay,
  Flows,
  IfWithin,
  Input,
  Lease,
  Limit,
  Max,
  Name,
  Note,
  OnClose,
  OnDead,
  OnDeath,
  OnLoss,
  Owner,
  Parties,
  Payload,
  Permits,
  Preempt,
  Prefix,
  Priority,
  Reason,
  Request,
  Resolved,
  Retry,
  Session,
  SetName,
  State,
  Timeout,
  Ttl,
  Wait,
  When,
};
inline constexpr std::size_t kOptionCount = static_cast<std::size_t>(Option::When) + 1;

/// A set of options.
class Options {
 public:
  constexpr Options() = default;
  constexpr Options(std::initializer_list<Option> options) {
    for (const Option option : options) insert(option);
  }

  constexpr void insert(Option option) { bits_ |= bit(option); }
  constexpr bool contains(Option option) const { return (bits_ & bit(option)) != 0; }

 private:
  static constexpr std::uint64_t bit(Option option) {
    return std::uint64_t{1} << static_cast<unsigned>(option);
  }
  std::uint64_t bits_ = 0;
};
static_assert(kOptionCount <= 64);

/// One row: what a command is called, what it takes, what it does and what it answers.
struct CommandSpec {
  /// For `max_args`: as many as a request may have.
  static constexpr std::size_t kMany = std::numeric_limits<std::uint16_t>::max();

  std::string_view name;     ///< upper case; a command of two words has a space between them
  std::string_view syntax;   ///< the whole line; `SESSION id secret` at the end goes without saying
  std::string_view summary;  ///< one sentence
  std::string_view reply;    ///< the shape of the answer, in words
  Group group = Group::Server;
  std::size_t min_args = 0;  ///< after the name
  std::size_t max_args = 0;  ///< after the name, but for REQUEST, ASYNC and SESSION
  Options options = {};      ///< all that it takes
  bool changes = false;      ///< may change the state and so be journalled
  bool waits = false;        ///< may wait, and block its connection or answer QUEUED
  bool takes_key = false;    ///< the first argument is a key
  Call (*parse)(Arguments&) = nullptr;

  constexpr bool is_two_words() const { return name.find(' ') != std::string_view::npos; }
  constexpr std::size_t word_count() const { return is_two_words() ? 2 : 1; }
};

/// All rows, by group and in the order in which they are best read.
std::span<const CommandSpec> table();

/// The row of the command that `argv` begins with, in any case; null if there is none. CLIENT,
/// CLUSTER and COMMAND take their second word with them. Constant time, and nothing is allocated.
const CommandSpec* find(std::span<const std::string_view> argv);

/// Whether the word is the first of commands of two words.
bool is_container(std::string_view word);

/// The row of a name as people and COMMAND DOCS write it: `CLIENT SETNAME` or `client|setname`.
const CommandSpec* find_name(std::string_view name);

/// The row whose name resembles most what was given; null if none comes near.
const CommandSpec* find_similar(std::span<const std::string_view> argv);

/// The name as Redis writes it, in its tables and its errors: `lock.acquire`, `client|setname`.
std::string redis_name(const CommandSpec& spec);

/// "session", "lock", "semaphore", "election", "task", "signal", "connection", "server".
std::string_view group_name(Group group);

/// The word of an option, in upper case.
std::string_view option_word(Option option);

/// Whether `given` is `word`, which is in upper case, in any case.
constexpr bool is_word(std::string_view given, std::string_view word) {
  if (given.size() != word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = given[i];
    if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) != word[i]) return false;
  }
  return true;
}

}  // namespace command
