// Reading a history: words, repeats, and the order of real time.
#include "checker/reading.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "command/entry.h"
#include "command/parse.h"

namespace checker {

std::uint64_t token_in(const resp::Value& reply) {
  const resp::Value* token = reply.find("token");
  return token == nullptr ? 0 : static_cast<std::uint64_t>(token->as_integer().value_or(0));
}

std::uint64_t shown_index(const Operation& operation) {
  std::uint64_t shown = std::max(operation.index, operation.queued_index);
  // A push bears no index, but a token is one.
  if (operation.is_answered()) shown = std::max(shown, token_in(*operation.reply));
  return shown;
}

std::uint64_t words_of(const command::Command& command) {
  const auto* open = std::get_if<command::SessionOpen>(&command);
  if (open == nullptr) return command::fingerprint(command);
  command::SessionOpen plain = *open;
  plain.secret_hash = {};
  return command::fingerprint(plain);
}

Reading::Reading(const History& operations)
    : history(operations),
      words(operations.size()),
      kind(operations.size()),
      first(operations.size()),
      has_repeats(operations.size()),
      floor(operations.size()),
      floor_of(operations.size()) {
  CHECK_LT(operations.size(), std::uint64_t{1} << 32);
  read_words();
  find_repeats();
  sweep();
}

std::optional<command::Command> Reading::command_of(Place place, std::string* ticket) const {
  const Operation& operation = history[place];
  const std::vector<std::string_view> argv(operation.argv.begin(), operation.argv.end());
  auto request = command::parse(argv, limits_);
  if (!request) return std::nullopt;
  if (ticket != nullptr) *ticket = std::move(request->envelope.ticket);
  if (auto* asked = std::get_if<command::Command>(&request->call)) return std::move(*asked);
  if (std::holds_alternative<command::Attach>(request->call)) return command::SessionAttach{};
  return std::nullopt;
}

void Reading::read_words() {
  for (Place i = 0; i < history.size(); ++i) {
    const auto asked = command_of(i);
    if (!asked) continue;
    words[i] = words_of(*asked);
    kind[i] = command::kind_of(*asked);
  }
}

void Reading::find_repeats() {
  absl::flat_hash_map<std::pair<std::uint64_t, std::uint64_t>, Place> known;
  for (Place i = 0; i < history.size(); ++i) {
    first[i] = i;
    const Operation& operation = history[i];
    if (operation.request == 0 || operation.session == 0) continue;
    const auto [it, is_new] = known.emplace(std::pair{operation.session, operation.request}, i);
    if (!is_new && operation.invoked < history[it->second].invoked) it->second = i;
  }
  for (Place i = 0; i < history.size(); ++i) {
    const auto it = known.find(std::pair{history[i].session, history[i].request});
    if (it == known.end() || it->second == i) continue;
    first[i] = it->second;
    has_repeats[i] = true;
    has_repeats[it->second] = true;
  }
}

void Reading::sweep() {
  std::vector<Place> by_return(history.size());
  std::iota(by_return.begin(), by_return.end(), 0);
  std::vector<Place> by_call = by_return;
  std::erase_if(by_return, [&](Place i) { return !history[i].is_answered(); });
  std::stable_sort(by_return.begin(), by_return.end(),
                   [&](Place a, Place b) { return history[a].returned < history[b].returned; });
  std::stable_sort(by_call.begin(), by_call.end(),
                   [&](Place a, Place b) { return history[a].invoked < history[b].invoked; });
  auto next = by_return.begin();
  std::uint64_t greatest = 0;
  Place whose = 0;
  for (const Place i : by_call) {
    // What returns at the very moment of another's call is not before it.
    for (; next != by_return.end() && history[*next].returned < history[i].invoked; ++next) {
      const std::uint64_t shown = shown_index(history[*next]);
      if (shown > greatest) whose = *next;
      greatest = std::max(greatest, shown);
    }
    floor[i] = greatest;
    floor_of[i] = whose;
  }
  for (const Operation& operation : history) {
    // That of a push is a token, which may lie in the middle of an entry that grants to several.
    const bool is_pushed = operation.queued_index != 0;
    if (operation.index != 0 && !is_pushed) ends.push_back(operation.index);
    if (operation.queued_index != 0) ends.push_back(operation.queued_index);
  }
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
}

std::uint64_t Reading::before(std::uint64_t index) const {
  const auto it = std::lower_bound(ends.begin(), ends.end(), index);
  return it == ends.begin() ? 0 : *std::prev(it);
}

}  // namespace checker
