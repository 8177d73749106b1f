// Latches: counted down once, open from then on.
#include <fmt/format.h>

#include "base/check.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::Number;
using command::quoted;
using command::Refused;
using command::Reply;
using command::Value;

namespace {

Value report_open(const Latch& latch) {
  return Value::Map{{"latch", latch.name}, {"generation", latch.generation}};
}

}  // namespace

void Machine::open_latch(Latch& latch) {
  for (const std::uint64_t id : waiters_at(Space::Latch, latch.name)) {
    answer_waiter(id, report_open(latch));
  }
}

Reply Machine::on(const command::LatchSet& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto known = latches_.find(command.name);
  if (known == latches_.end()) {
    if (auto refused = refuse_signal(true, 0)) return *refused;
  } else if (known->second.left > 0 && command.count > 0) {
    const Latch& latch = known->second;
    if (latch.count == command.count && latch.left == latch.count) {
      return Number{static_cast<std::int64_t>(latch.generation)};
    }
    return Refused{Code::Conflict,
                   fmt::format("latch {} is being counted: {} of {} are left; LATCH.SET {} 0 opens "
                               "it",
                               quoted(latch.name), latch.left, latch.count, quoted(latch.name))};
  }
  changed();
  Latch& latch = latches_[command.name];
  if (latch.id == 0) name_signal(latch, Space::Latch, command.name);
  latch.generation = entry_->index;
  latch.count = command.count;
  latch.left = command.count;
  latch.participants.clear();
  recount(latch, 0);
  if (latch.left == 0) open_latch(latch);
  review_signal(Space::Latch, command.name, true);
  return Number{static_cast<std::int64_t>(latch.generation)};
}

Reply Machine::on(const command::LatchCountdown& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto it = latches_.find(command.name);
  if (it == latches_.end()) {
    return Refused{Code::Stale,
                   fmt::format("unknown latch {}; LATCH.SET makes it", quoted(command.name))};
  }
  Latch& latch = it->second;
  if (latch.left == 0 || latch.participants.contains(command.participant)) {
    return Number{latch.left};
  }
  if (auto refused = refuse_signal(false, command.participant.size())) return *refused;
  changed();
  if (!command.participant.empty()) latch.participants.insert(command.participant);
  recount(latch, latch.bytes + static_cast<std::int64_t>(command.participant.size()));
  --latch.left;
  if (latch.left == 0) open_latch(latch);
  review_signal(Space::Latch, command.name, true);
  return Number{latch.left};
}

Reply Machine::on(const command::LatchWait& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto it = latches_.find(command.name);
  if (it != latches_.end() && it->second.left == 0) return report_open(it->second);
  if (command.wait == Duration()) {
    return Refused{Code::Busy,
                   describe_signal_wait(claim_of(Space::Latch, {{command.name, true}}, {}))};
  }
  return wait_for_signal(Space::Latch, command.name, command.wait, {});
}

Reply Machine::on(const command::LatchInfo& command) {
  const auto it = latches_.find(command.name);
  const bool is_known = it != latches_.end();
  const char* state = is_known ? (it->second.left == 0 ? "open" : "counting") : "unknown";
  Value::List participants;
  if (is_known) {
    for (const std::string& name : it->second.participants) participants.emplace_back(name);
  }
  return Value(Value::Map{
      {"latch", command.name},
      {"state", state},
      {"count", is_known ? Value(it->second.count) : Value()},
      {"left", is_known ? Value(it->second.left) : Value()},
      {"generation", is_known ? Value(it->second.generation) : Value()},
      {"participants", std::move(participants)},
      {"waiting", waiters_at(Space::Latch, command.name).size()},
      {"waiters", report_signal_waiters(Space::Latch, command.name)},
  });
}

}  // namespace state
