// Reading the maps of the server. A field that is missing reads as empty: a
// server of another version may know more or fewer.
#include "cli/lock_words.h"

#include <fmt/format.h>

#include "cli/text.h"
#include "cli/time_text.h"

namespace cli {

using turnstile::Reply;

std::string who(const Reply& party) {
  const std::int64_t session = party.integer_of("session");
  const std::string name = printable_of(party, "name");
  if (session == 0) return fmt::format("connection {}", party.integer_of("connection"));
  if (name.empty()) return fmt::format("session {}", session);
  return fmt::format("{} (session {})", name, session);
}

const std::vector<Reply>& items_of(const Reply& map, std::string_view key) {
  static const std::vector<Reply> kNone;
  const Reply* list = map.find(key);
  return list == nullptr ? kNone : list->items;
}

std::string holders_text(const Reply& lock) {
  const std::vector<Reply>& holders = items_of(lock, "holders");
  const std::vector<Reply>& lost = items_of(lock, "shut");
  if (holders.empty() && lost.empty()) return "";
  if (holders.empty()) return "lost: " + printable_of(lost.front(), "holder");
  const std::int64_t more = lock.integer_of("held") - 1;
  return more > 0 ? fmt::format("{} +{}", who(holders.front()), more) : who(holders.front());
}

Cell state_cell(const Reply& lock) {
  const std::string state = printable_of(lock, "state");
  if (state == "free") return {state, Style::Free};
  if (state == "held" || state == "shared") return {state, Style::Held};
  if (state == "reserved") return {state, Style::Waiting};
  return {state, Style::Warning};
}

std::string printable_of(const Reply& map, std::string_view key) {
  return printable(map.text_of(key));
}

std::string duration_of(const Reply& map, std::string_view key) {
  return duration_text(map.integer_of(key));
}

}  // namespace cli
