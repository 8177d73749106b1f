// Events: set for all who wait, or, automatic ones, for one of them.
#include <fmt/format.h>

#include "base/check.h"
#include "base/planted.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::Number;
using command::quoted;
using command::Refused;
using command::Reply;
using command::Value;

/// Whether the event is what the waiter waits for: set, or set since the generation he saw. An
/// automatic one counts only while it is set, for it is taken by whoever it is given to.
bool Machine::is_answer(const Event& event, const Waiter& waiter) {
  if (waiter.details->is_any_generation) return event.is_set;
  if (event.generation + (PLANTED(EventSeenTwice) ? 1 : 0) <= waiter.details->generation)
    return false;
  return event.is_set || !event.is_automatic;
}

Value Machine::report_event(const Event& event) {
  return Value::Map{
      {"event", event.name}, {"generation", event.generation}, {"payload", event.payload}};
}

/// To all who wait for it, or to the first if there is only one to be had.
void Machine::hand_out(Event& event) {
  for (const std::uint64_t id : waiters_at(Space::Event, event.name)) {
    if (!is_answer(event, *waiters_.at(id))) continue;
    answer_waiter(id, report_event(event));
    if (event.is_automatic) event.is_set = false;
    if (event.is_automatic) return;
  }
}

Reply Machine::on(const command::EventSet& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto known = signal_events_.find(command.name);
  if (known != signal_events_.end() && known->second.is_automatic != command.automatic) {
    return Refused{Code::Conflict,
                   fmt::format("event {} is {}, as its first EVENT.SET said", quoted(command.name),
                               command.automatic ? "not AUTO" : "AUTO")};
  }
  if (auto refused = refuse_signal(known == signal_events_.end(), command.payload.size())) {
    return *refused;
  }
  changed();
  Event& event = signal_events_[command.name];
  if (event.id == 0) name_signal(event, Space::Event, command.name);
  event.is_automatic = command.automatic;
  event.is_set = true;
  event.generation = entry_->index;
  event.payload = command.payload;
  recount(event, bytes_of(event));
  hand_out(event);
  review_signal(Space::Event, command.name, true);
  return Number{static_cast<std::int64_t>(event.generation)};
}

Reply Machine::on(const command::EventReset& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto it = signal_events_.find(command.name);
  if (it == signal_events_.end() || !it->second.is_set) return Number{0};
  changed();
  it->second.is_set = false;
  review_signal(Space::Event, command.name, true);
  return Number{1};
}

Reply Machine::on(const command::EventWait& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  Waiter waiter;
  waiter.details.set(&Details::is_any_generation, !command.after.has_value());
  waiter.details.set(&Details::generation, command.after.value_or(0));
  const auto it = signal_events_.find(command.name);
  if (it != signal_events_.end() && is_answer(it->second, waiter)) {
    const Value answer = report_event(it->second);
    if (it->second.is_automatic) {
      changed();
      it->second.is_set = false;
      review_signal(Space::Event, command.name, true);
    }
    return answer;
  }
  if (command.wait == Duration()) {
    return Refused{Code::Busy, fmt::format("event {} has not been set{}", quoted(command.name),
                                           command.after ? " since that generation" : "")};
  }
  return wait_for_signal(Space::Event, command.name, command.wait, std::move(waiter));
}

Reply Machine::on(const command::EventInfo& command) {
  const auto it = signal_events_.find(command.name);
  const bool is_known = it != signal_events_.end();
  const char* state = is_known ? (it->second.is_set ? "set" : "reset") : "unknown";
  return Value(Value::Map{
      {"event", command.name},
      {"state", state},
      {"auto", is_known ? Value(it->second.is_automatic) : Value()},
      {"generation", is_known ? Value(it->second.generation) : Value()},
      {"payload", is_known ? Value(it->second.payload) : Value()},
      {"waiting", waiters_at(Space::Event, command.name).size()},
      {"waiters", report_signal_waiters(Space::Event, command.name)},
  });
}

}  // namespace state
