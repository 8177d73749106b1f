// One function a command on sessions and locks, and of what the service says to itself.
#include "cli/command_words.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <variant>

#include "cli/words_of.h"

namespace cli {

void add_option(Words& words, std::string_view name, std::string value) {
  words.emplace_back(name);
  words.push_back(std::move(value));
}

void add_ms(Words& words, std::string_view name, base::Duration duration) {
  add_option(words, name, std::to_string(duration.ms()));
}

void add_terms(Words& words, const command::Terms& terms) {
  if (terms.wait != base::Duration()) add_ms(words, "WAIT", terms.wait);
  if (terms.lease) add_ms(words, "LEASE", *terms.lease);
  if (terms.priority != 0) add_option(words, "PRIORITY", fmt::format("{}", terms.priority));
  if (!terms.agent.empty()) add_option(words, "AGENT", terms.agent.str());
  if (!terms.note.empty()) add_option(words, "NOTE", terms.note.str());
  if (terms.within) add_ms(words, "IFWITHIN", *terms.within);
}

namespace {

void add_key(Words& words, const command::KeyMode& key) {
  words.push_back(key.key.str());
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

void add_on_loss(Words& words, const command::OnLoss& on_loss) {
  using Kind = command::OnLoss::Kind;
  if (on_loss.kind == Kind::Hold) add_option(words, "ONLOSS", "HOLD");
  if (on_loss.kind == Kind::Delay) {
    add_option(words, "ONLOSS", "DELAY");
    words.push_back(std::to_string(on_loss.delay.ms()));
  }
}

Words words_of(const command::LockAcquire& command) {
  Words words;
  for (const command::KeyMode& key : command.keys) {
    if (!words.empty()) words.emplace_back("AND");
    add_key(words, key);
  }
  add_terms(words, command);
  if (!command.owner.empty()) add_option(words, "OWNER", command.owner.str());
  if (command.preemption) add_ms(words, "PREEMPT", *command.preemption);
  add_on_loss(words, command.on_loss);
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
  if (command.state == command::LockList::State::Held) add_option(words, "STATE", "HELD");
  if (command.state == command::LockList::State::Shut) add_option(words, "STATE", "SHUT");
  add_option(words, "COUNT", std::to_string(command.count));
  if (!command.after.empty()) add_option(words, "AFTER", command.after);
  return words;
}

Words words_of(const command::LockUpgrade& command) {
  Words words = key_and_token(command.key, command.token);
  if (command.wait != base::Duration()) add_ms(words, "WAIT", command.wait);
  return words;
}

Words words_of(const command::LockDowngrade& command) {
  return key_and_token(command.key, command.token);
}

Words words_of(const command::LockResolve& command) {
  Words words{command.key};
  if (command.token != 0) words.push_back(std::to_string(command.token));
  if (!command.reason.empty()) add_option(words, "REASON", command.reason);
  return words;
}

Words words_of(const command::LockRevoke& command) {
  Words words{command.key};
  if (command.token != 0) words.push_back(std::to_string(command.token));
  if (command.resolved) words.emplace_back("RESOLVED");
  if (!command.reason.empty()) add_option(words, "REASON", command.reason);
  return words;
}

Words words_of(const command::SemAcquire& command) {
  Words words{command.key};
  if (command.limit != 0) add_option(words, "LIMIT", std::to_string(command.limit));
  if (command.permits != 1) add_option(words, "PERMITS", std::to_string(command.permits));
  add_terms(words, command);
  return words;
}

Words words_of(const command::SemRelease& command) {
  return key_and_token(command.key, command.token);
}

Words words_of(const command::SemRenew& command) {
  Words words = key_and_token(command.key, command.token);
  add_ms(words, "LEASE", command.lease);
  return words;
}

Words words_of(const command::SemInfo& command) { return {command.key}; }

Words words_of(const command::SemResize& command) {
  return {command.key, std::to_string(command.limit)};
}

Words words_of(const command::ElectionCampaign& command) {
  Words words{command.name, command.value};
  add_terms(words, command);
  return words;
}

Words words_of(const command::ElectionProclaim& command) {
  return {command.name, std::to_string(command.token), command.value};
}

Words words_of(const command::ElectionResign& command) {
  return key_and_token(command.name, command.token);
}

Words words_of(const command::ElectionLeader& command) { return {command.name}; }

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
