// One function a command on tasks and signals.
#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "cli/words_of.h"

namespace cli {

namespace {

void add_backoff(Words& words, const command::Backoff& backoff) {
  add_ms(words, "BACKOFF", backoff.first);
  add_ms(words, "MAX", backoff.max);
}

void add_declaration(Words& words, const command::Declaration& declaration) {
  static constexpr std::array kWhen = {"COMPLETED", "ENDED", "FAILED"};
  static constexpr std::array kOnDead = {"HOLD", "SKIP"};
  if (declaration.after) {
    add_option(words, "AFTER", std::to_string(declaration.after->size()));
    words.insert(words.end(), declaration.after->begin(), declaration.after->end());
  }
  if (declaration.when) {
    add_option(words, "WHEN", kWhen.at(static_cast<std::size_t>(*declaration.when)));
  }
  if (declaration.on_dead) {
    add_option(words, "ONDEAD", kOnDead.at(static_cast<std::size_t>(*declaration.on_dead)));
  }
  if (declaration.timeout) add_ms(words, "TIMEOUT", *declaration.timeout);
  if (declaration.attempts) add_option(words, "ATTEMPTS", std::to_string(*declaration.attempts));
  if (declaration.backoff) add_backoff(words, *declaration.backoff);
  if (declaration.delay) add_ms(words, "DELAY", *declaration.delay);
  if (declaration.deadline) add_ms(words, "DEADLINE", *declaration.deadline);
  if (declaration.input) add_option(words, "INPUT", *declaration.input);
}

}  // namespace

Words words_of(const command::TaskAdd& command) {
  Words words{command.flow, command.task};
  add_declaration(words, command);
  if (command.priority) add_option(words, "PRIORITY", fmt::format("{}", *command.priority));
  return words;
}

Words words_of(const command::TaskJoin& command) {
  Words words{command.flow, command.task};
  add_declaration(words, command);
  add_terms(words, command);
  if (command.preemption) add_ms(words, "PREEMPT", *command.preemption);
  return words;
}

Words words_of(const command::TaskTake& command) {
  Words words{std::to_string(command.tasks.size())};
  words.insert(words.end(), command.tasks.begin(), command.tasks.end());
  if (!command.flows.empty()) add_option(words, "FLOWS", command.flows);
  add_terms(words, command);
  return words;
}

Words words_of(const command::TaskComplete& command) {
  return {command.flow, command.task, std::to_string(command.token), command.result};
}

Words words_of(const command::TaskFail& command) {
  Words words{command.flow, command.task, std::to_string(command.token), command.reason};
  if (command.retry) words.emplace_back("RETRY");
  return words;
}

Words words_of(const command::TaskRelease& command) {
  Words words{command.flow, command.task, std::to_string(command.token)};
  if (command.delay != base::Duration()) add_ms(words, "DELAY", command.delay);
  if (command.checkpoint) add_option(words, "CHECKPOINT", *command.checkpoint);
  return words;
}

Words words_of(const command::TaskExtend& command) {
  return {command.flow, command.task, std::to_string(command.token),
          std::to_string(command.lease.ms())};
}

Words words_of(const command::TaskResult& command) {
  Words words{command.flow, command.task};
  if (command.wait != base::Duration()) add_ms(words, "WAIT", command.wait);
  if (!command.agent.empty()) add_option(words, "AGENT", command.agent);
  return words;
}

namespace {

Words task_and_reason(const std::string& flow, const std::string& task, const std::string& reason) {
  Words words{flow, task};
  if (!reason.empty()) add_option(words, "REASON", reason);
  return words;
}

}  // namespace

Words words_of(const command::TaskCancel& command) {
  return task_and_reason(command.flow, command.task, command.reason);
}

Words words_of(const command::TaskRedrive& command) {
  return task_and_reason(command.flow, command.task, command.reason);
}

Words words_of(const command::TaskWhy& command) { return {command.flow, command.task}; }
Words words_of(const command::FlowInfo& command) { return {command.flow}; }

Words words_of(const command::FlowList& command) {
  Words words;
  if (!command.prefix.empty()) add_option(words, "PREFIX", command.prefix);
  if (command.dead_only) add_option(words, "STATE", "DEAD");
  add_option(words, "COUNT", std::to_string(command.count));
  if (!command.after.empty()) add_option(words, "AFTER", command.after);
  return words;
}

Words words_of(const command::FlowCancel& command) {
  Words words{command.flow};
  if (!command.reason.empty()) add_option(words, "REASON", command.reason);
  return words;
}

Words words_of(const command::FlowClose& command) { return {command.flow}; }

// --- signals

Words words_of(const command::EventSet& command) {
  Words words{command.name};
  if (!command.payload.empty()) add_option(words, "PAYLOAD", command.payload);
  if (command.automatic) words.emplace_back("AUTO");
  return words;
}

Words words_of(const command::EventReset& command) { return {command.name}; }

Words words_of(const command::EventWait& command) {
  Words words{command.name};
  if (command.after) add_option(words, "AFTER", std::to_string(*command.after));
  if (command.wait != base::Duration()) add_ms(words, "WAIT", command.wait);
  return words;
}

Words words_of(const command::EventInfo& command) { return {command.name}; }

Words words_of(const command::BarrierArrive& command) {
  Words words{command.name};
  add_option(words, "PARTIES", std::to_string(command.parties));
  if (!command.participant.empty()) add_option(words, "AS", command.participant);
  if (command.on_death == command::OnDeath::Shrink) add_option(words, "ONDEATH", "SHRINK");
  if (command.wait != base::Duration()) add_ms(words, "WAIT", command.wait);
  if (!command.payload.empty()) add_option(words, "PAYLOAD", command.payload);
  return words;
}

Words words_of(const command::BarrierInfo& command) { return {command.name}; }

Words words_of(const command::LatchSet& command) {
  return {command.name, std::to_string(command.count)};
}

Words words_of(const command::LatchCountdown& command) {
  Words words{command.name};
  if (!command.participant.empty()) add_option(words, "AS", command.participant);
  return words;
}

Words words_of(const command::LatchWait& command) {
  Words words{command.name};
  if (command.wait != base::Duration()) add_ms(words, "WAIT", command.wait);
  return words;
}

Words words_of(const command::LatchInfo& command) { return {command.name}; }

}  // namespace cli
