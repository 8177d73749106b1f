// Barriers: all who have arrived go on together.
//
// Those who have arrived are the waiters of its name. The barrier itself keeps
// how many it takes this time, how many of them have died, and what the last
// round brought, for those who ask again.
#include <fmt/format.h>

#include "base/check.h"
#include "base/planted.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::OnDeath;
using command::quoted;
using command::Refused;
using command::Reply;
using command::Value;

Value Machine::report_round(const Barrier& barrier) {
  Value::List payloads;
  for (const Arrival& arrival : barrier.brought) {
    const bool is_named = !arrival.participant.empty();
    payloads.emplace_back(
        Value::Map{{"participant", is_named ? Value(arrival.participant) : Value()},
                   {"payload", arrival.payload}});
  }
  return Value::Map{{"barrier", barrier.name},
                    {"generation", barrier.generation},
                    {"parties", barrier.brought.size()},
                    {"payloads", std::move(payloads)}};
}

/// All go on: those who wait, and `last`, who need not wait.
Value Machine::release_barrier(Barrier& barrier, const Waiter& last) {
  const std::vector<std::uint64_t> ids = waiters_at(Space::Barrier, barrier.name);
  barrier.generation = entry_->index;
  barrier.brought.clear();
  for (const std::uint64_t id : ids) {
    const Waiter& waiter = *waiters_.at(id);
    barrier.brought.push_back({waiter.details->participant.str(), waiter.details->value.str()});
  }
  barrier.brought.push_back({last.details->participant.str(), last.details->value.str()});
  recount(barrier, bytes_of(barrier));
  Value answer = report_round(barrier);
  for (const std::uint64_t id : ids) answer_waiter(id, answer);
  end_round(barrier);
  return answer;
}

void Machine::end_round(Barrier& barrier) {
  barrier.parties = 0;
  barrier.shrunk = 0;
  barrier.dead.clear();
  recount(barrier, bytes_of(barrier));
  review_signal(Space::Barrier, barrier.name, true);
}

void Machine::break_barrier(const std::string& name, const std::string& cause) {
  for (const std::uint64_t id : waiters_at(Space::Barrier, name)) {
    refuse_waiter(id, Code::Broken, cause);
  }
  end_round(barriers_.at(name));
}

/// One who had arrived is gone; his wait has ended already. Nobody goes on by that: he is one less
/// to come and one less that is there. A round is over when nobody is there any more.
void Machine::lose_arrival(const std::string& name, OnDeath on_death,
                           const std::string& participant, const std::string& who) {
  Barrier& barrier = barriers_.at(name);
  if (on_death == OnDeath::Break && !PLANTED(BarrierKeepsTheDead)) {
    return break_barrier(name,
                         fmt::format("{} had arrived at barrier {} and died", who, quoted(name)));
  }
  if (waiters_at(Space::Barrier, name).empty()) return end_round(barrier);
  ++barrier.shrunk;
  if (!participant.empty()) barrier.dead.insert(participant);
  recount(barrier, bytes_of(barrier));
}

Reply Machine::on(const command::BarrierArrive& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto known = barriers_.find(command.name);
  const bool is_open = known != barriers_.end() && known->second.parties != 0;
  const std::size_t brought = command.participant.size() + command.payload.size();
  if (auto refused = refuse_signal(known == barriers_.end(), brought)) return *refused;
  if (is_open && known->second.parties != command.parties) {
    return Refused{Code::Conflict,
                   fmt::format("barrier {} takes {} parties this time, not {}",
                               quoted(command.name), known->second.parties, command.parties)};
  }
  const std::vector<std::uint64_t> ids = waiters_at(Space::Barrier, command.name);
  std::uint64_t earlier = 0;
  std::size_t bytes = command.payload.size();
  for (const std::uint64_t id : ids) {
    const Waiter& waiter = *waiters_.at(id);
    if (!command.participant.empty() && waiter.details->participant == command.participant) {
      earlier = id;
    } else {
      bytes += waiter.details->value.size();
    }
  }
  if (earlier != 0 && waiters_.at(earlier)->user != entry_->origin.user) {
    return Refused{Code::NotHolder,
                   fmt::format("participant {} is somebody else's", quoted(command.participant))};
  }
  if (bytes > static_cast<std::size_t>(rules_.limits.payload_bytes)) {
    return Refused{Code::Limit, fmt::format("all payloads together would have {} bytes; the limit "
                                            "(payload_bytes) is {}",
                                            bytes, rules_.limits.payload_bytes)};
  }
  Waiter waiter;
  waiter.details.set(&Details::participant, Text(command.participant));
  waiter.details.set(&Details::on_death, command.on_death);
  waiter.details.set(&Details::value, Text(command.payload));
  // Whoever died and comes back is one of those to come again, or the others went on without one.
  const bool is_back = is_open && known->second.dead.contains(command.participant);
  const std::int64_t shrunk = is_open ? known->second.shrunk - (is_back ? 1 : 0) : 0;
  const auto others = static_cast<std::int64_t>(ids.size()) - (earlier != 0 ? 1 : 0);
  const bool is_last = others + 1 >= command.parties - shrunk;
  if (!is_last && command.wait == Duration()) {
    return Refused{Code::Busy, fmt::format("{} of {} parties have arrived at barrier {}", others,
                                           command.parties - shrunk, quoted(command.name))};
  }
  if (!is_last) {
    if (auto refused = refuse_ticket()) return *refused;
    if (auto refused = refuse_wait(claim_of(Space::Barrier, {{command.name, true}}, {}))) {
      return *refused;
    }
  }
  changed();
  if (earlier != 0) {
    refuse_waiter(earlier, Code::Cancelled, "the same participant has arrived again");
  }
  Barrier& barrier = barriers_[command.name];
  if (barrier.id == 0) name_signal(barrier, Space::Barrier, command.name);
  barrier.parties = command.parties;
  barrier.shrunk = shrunk;
  barrier.dead.erase(command.participant);
  if (is_last) return release_barrier(barrier, waiter);
  recount(barrier, bytes_of(barrier));
  return wait_for_signal(Space::Barrier, command.name, command.wait, std::move(waiter));
}

Reply Machine::on(const command::BarrierInfo& command) {
  const auto it = barriers_.find(command.name);
  const bool is_open = it != barriers_.end() && it->second.parties != 0;
  const bool had_round = it != barriers_.end() && it->second.generation != 0;
  return Value(Value::Map{
      {"barrier", command.name},
      {"parties", is_open ? Value(it->second.parties - it->second.shrunk) : Value()},
      {"arrived", waiters_at(Space::Barrier, command.name).size()},
      {"generation", had_round ? Value(it->second.generation) : Value()},
      {"waiters", report_signal_waiters(Space::Barrier, command.name)},
  });
}

}  // namespace state
