// One function a command, without a general case.
#include "cli/command_words.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <variant>

namespace cli {
namespace {

using Words = std::vector<std::string>;

void add_option(Words& words, std::string_view name, std::string value) {
  words.emplace_back(name);
  words.push_back(std::move(value));
}

void add_ms(Words& words, std::string_view name, base::Duration duration) {
  add_option(words, name, std::to_string(duration.ms()));
}

void add_key(Words& words, const command::KeyMode& key) {
  words.push_back(key.key);
  if (key.shared) words.emplace_back("SHARED");
}

Words key_and_token(const std::string& key, std::uint64_t token) {
  return {key, std::to_string(token)};
}

Words words_of(const command::SessionOpen& command) {
  Words words;
  add_ms(words, "TTL", command.ttl);
  if (!command.name.empty()) add_option(words, "NAME", command.name);
  if (command.end_on_close) add_option(words, "ONCLOSE", "END");
  return words;
}

Words words_of(const command::SessionAttach&) { return {}; }
Words words_of(const command::SessionKeepAlive&) { return {}; }
Words words_of(const command::SessionClose&) { return {}; }

Words words_of(const command::SessionInfo& command) {
  if (command.id == 0) return {};
  return {std::to_string(command.id)};
}

Words words_of(const command::SessionList& command) {
  Words words;
  add_option(words, "COUNT", std::to_string(command.count));
  if (command.after != 0) add_option(words, "AFTER", std::to_string(command.after));
  return words;
}

Words words_of(const command::LockAcquire& command) {
  Words words;
  for (const command::KeyMode& key : command.keys) {
    if (!words.empty()) words.emplace_back("AND");
    add_key(words, key);
  }
  if (command.wait != base::Duration()) add_ms(words, "WAIT", command.wait);
  if (command.lease) add_ms(words, "LEASE", *command.lease);
  if (command.priority != 0) add_option(words, "PRIORITY", fmt::format("{}", command.priority));
  if (!command.note.empty()) add_option(words, "NOTE", command.note);
  return words;
}

Words words_of(const command::LockRelease& command) {
  return key_and_token(command.key, command.token);
}

Words words_of(const command::LockRenew& command) {
  Words words = key_and_token(command.key, command.token);
  add_ms(words, "LEASE", command.lease);
  return words;
}

Words words_of(const command::LockCheck& command) {
  return key_and_token(command.key, command.token);
}

Words words_of(const command::LockInfo& command) { return {command.key}; }

Words words_of(const command::LockList& command) {
  Words words;
  if (!command.prefix.empty()) add_option(words, "PREFIX", command.prefix);
  if (command.held_only) add_option(words, "STATE", "HELD");
  add_option(words, "COUNT", std::to_string(command.count));
  if (!command.after.empty()) add_option(words, "AFTER", command.after);
  return words;
}

Words words_of(const command::Cancel& command) { return {command.ticket}; }

Words words_of(const command::Configure& command) {
  const command::Rules& rules = command.rules;
  Words words{fmt::format("rules={}", rules.version),
              fmt::format("ageing_step_ms={}", rules.ageing_step.ms()),
              fmt::format("slack_percent={}", rules.slack_percent),
              fmt::format("slack_min_ms={}", rules.slack_min.ms())};
  command::for_each_limit(rules.limits, [&](const char* name, const char*, std::int64_t value) {
    words.push_back(fmt::format("{}={}", name, value));
  });
  return words;
}

Words words_of(const command::Start& command) { return {command.server}; }
Words words_of(const command::Tick&) { return {}; }
Words words_of(const command::Disconnect&) { return {}; }

}  // namespace

std::vector<std::string> arguments_of(const command::Command& command) {
  return std::visit([](const auto& c) { return words_of(c); }, command);
}

}  // namespace cli
