// Entries and outcomes as text, for the history of a walk that went wrong.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "command/entry.h"
#include "command/reply.h"
#include "command/reply_text.h"

namespace checker {

/// Prints whatever fields() lists, in its order; zeros and empty texts as `-`.
class FieldPrinter {
 public:
  template <class... T>
  void operator()(T&... items) {
    (print(items), ...);
  }
  std::string text;

 private:
  template <class T>
  void print(T& item) {
    if constexpr (std::is_enum_v<T> || std::is_same_v<T, bool>) {
      text += fmt::format(" {}", static_cast<int>(item));
    } else if constexpr (std::is_integral_v<T>) {
      text += item == 0 ? " -" : fmt::format(" {}", item);
    } else {
      fields(*this, item);
    }
  }
  void print(std::string& item) { text += item.empty() ? " -" : " '" + item + "'"; }
  void print(base::Text& item) {
    std::string bytes = item.str();
    print(bytes);
  }
  void print(base::Duration& item) { text += fmt::format(" {}ms", item.ms()); }
  template <class T>
  void print(std::optional<T>& item) {
    if (item) return print(*item);
    text += " none";
  }
  template <base::Sequence S>
  void print(S& items) {
    text += " [";
    for (auto& item : items) print(item);
    text += " ]";
  }
};

inline std::string printed(const command::Entry& entry) {
  command::Command command = entry.command;
  FieldPrinter printer;
  if (!std::holds_alternative<command::SessionOpen>(command)) {
    std::visit([&](auto& c) { fields(printer, c); }, command);
  }
  return fmt::format("{} at {} us: {}{} of {}/{}/{} request {} ticket '{}'", entry.index,
                     entry.now.us(), command::kind_name(command::kind_of(entry.command)),
                     printer.text, entry.origin.user, entry.origin.session, entry.origin.connection,
                     entry.request, entry.ticket);
}

inline std::string printed(const command::Outcome& outcome) {
  std::string text =
      (outcome.changed ? "changed: " : "unchanged: ") + command::exact_text_of(outcome.reply);
  if (const auto* refused = std::get_if<command::Refused>(&outcome.reply)) {
    text += " " + refused->sentence;
  }
  for (const command::Event& event : outcome.events)
    text += "\n    " + command::exact_text_of(event);
  return text;
}

}  // namespace checker
