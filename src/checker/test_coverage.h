// Counts what a long random test met, so that it cannot silently stop testing it.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "command/entry.h"
#include "command/reply.h"
#include "command/reply_text.h"

namespace checker {

class Coverage {
 public:
  void see(const command::Entry& entry, const command::Outcome& outcome,
           const std::vector<const char*>& situations) {
    const int kind = command::kind_of(entry.command);
    ++replies_[{kind, outcome_of(outcome.reply)}];
    for (const command::Event& event : outcome.events) see(event);
    for (const char* situation : situations) ++others_[situation];
  }

  /// `LOCK.ACQUIRE granted`, `wait BUSY`, `notice preempt withdrawn`, `session expired`, … each
  /// with how often it was met.
  std::map<std::string, std::uint64_t> counts() const {
    std::map<std::string, std::uint64_t> counts(others_.begin(), others_.end());
    for (const auto& [what, count] : replies_) {
      const std::string_view kind =
          what.first == kWait ? "wait" : command::kind_name(static_cast<std::uint8_t>(what.first));
      counts[fmt::format("{} {}", kind, name_of(what.second))] += count;
    }
    return counts;
  }

 private:
  static constexpr int kWait = 256;
  static constexpr int kRefusals = 100;

  static int outcome_of(const command::Reply& reply) {
    const auto* refused = std::get_if<command::Refused>(&reply);
    if (refused != nullptr) return kRefusals + static_cast<int>(refused->code);
    const auto* number = std::get_if<command::Number>(&reply);
    if (number != nullptr) return number->value == 0 ? 0 : 1;
    return 10 + static_cast<int>(reply.index());
  }
  static std::string name_of(int outcome) {
    if (outcome >= kRefusals) {
      const auto code = static_cast<command::Code>(outcome - kRefusals);
      return std::string(command::error_info(code).wire);
    }
    if (outcome < 10) return fmt::format("{}", outcome);
    constexpr std::array kNames = {"OK",      "number",  "session", "granted",
                                   "renewed", "waiting", "attempt", "describes"};
    static_assert(kNames.size() + 1 == std::variant_size_v<command::Reply>);  // and refusals
    return kNames.at(static_cast<std::size_t>(outcome - 10));
  }
  void see(const command::Event& event) {
    if (const auto* ended = std::get_if<command::WaitEnded>(&event)) {
      ++replies_[{kWait, outcome_of(ended->reply)}];
    } else if (const auto* notice = std::get_if<command::Notice>(&event)) {
      std::string text = "notice " + notice->kind;
      for (const auto& [name, item] : notice->details) {
        if (name == "cause") text += " " + command::text_of(item);
        if (name == "withdrawn" && std::get<bool>(item.data)) text += " withdrawn";
      }
      ++others_[text];
    } else if (const auto* session = std::get_if<command::SessionEnded>(&event)) {
      ++others_["session " + session->cause];
    } else if (const auto* leader = std::get_if<command::LeaderChanged>(&event)) {
      const auto& fields = std::get<command::Value::Map>(leader->leader.data);
      ++others_["leader " + command::text_of(fields.at(1).second)];
    }
  }

  std::map<std::pair<int, int>, std::uint64_t> replies_;
  std::map<std::string, std::uint64_t, std::less<>> others_;
};

}  // namespace checker
