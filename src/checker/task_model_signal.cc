// The naive model: events, barriers and latches.
#include <algorithm>

#include "checker/task_model.h"

namespace checker {

using base::Duration;
using base::Time;
using command::Code;
using command::Number;
using command::Refused;
using command::Value;

namespace {

std::size_t sum(const std::vector<std::pair<std::string, std::string>>& brought) {
  std::size_t bytes = 0;
  for (const auto& [participant, payload] : brought) bytes += participant.size() + payload.size();
  return bytes;
}

std::size_t sum(const std::set<std::string>& names) {
  std::size_t bytes = 0;
  for (const std::string& name : names) bytes += name.size();
  return bytes;
}

}  // namespace

// --- what is known, and what it may become

TaskModel::Signal* TaskModel::signal(Kind kind, const std::string& name) {
  for (Signal& signal : signals_) {
    if (signal.kind == kind && signal.name == name) return &signal;
  }
  return nullptr;
}

TaskModel::Signal& TaskModel::use(Kind kind, const std::string& name) {
  if (signal(kind, name) == nullptr) {
    signals_.push_back({});
    signals_.back().kind = kind;
    signals_.back().id = entry_->index;
    signals_.back().name = name;
  }
  Signal& used = *signal(kind, name);
  used.used = now_;
  return used;
}

std::vector<TaskModel::Wait> TaskModel::waits_at(Kind kind, const std::string& name) const {
  std::vector<Wait> found;
  for (const Wait& wait : waits_) {
    if (wait.kind == kind && wait.names.front() == name) found.push_back(wait);
  }
  return found;
}

std::optional<TaskModel::Reply> TaskModel::refuse_signal(Kind kind, const std::string& name,
                                                         std::size_t bytes) {
  const auto most = static_cast<std::size_t>(rules_.limits.signals);
  if (signal(kind, name) == nullptr && signals_.size() >= most) return Refused{Code::Limit, {}};
  std::size_t kept = 0;
  for (const Signal& known : signals_) {
    kept += known.payload.size() + sum(known.brought) + sum(known.dead) + sum(known.counted);
  }
  for (const Wait& wait : waits_) kept += wait.participant.size() + wait.payload.size();
  const bool is_full = kept + bytes > static_cast<std::size_t>(rules_.limits.signal_bytes);
  if (bytes > 0 && is_full) return Refused{Code::Limit, {}};
  return std::nullopt;
}

TaskModel::Reply TaskModel::await(Wait wait, Duration length) {
  if (length == Duration()) return Refused{Code::Busy, {}};
  if (auto refused = refuse_asking("")) return *refused;
  if (Signal* at = signal(wait.kind, wait.names.front())) at->used = now_;
  return enqueue(std::move(wait), length);
}

/// Whoever waited is gone without having been answered, for good: a barrier may need to know.
void TaskModel::lose_wait(std::uint64_t id, Reply reply) {
  const auto it =
      std::find_if(waits_.begin(), waits_.end(), [&](const Wait& wait) { return wait.id == id; });
  const Wait lost = *it;
  end_wait(id, std::move(reply));
  if (lost.kind != Kind::Barrier) return;
  Signal& barrier = *signal(Kind::Barrier, lost.names.front());
  if (lost.on_death == command::OnDeath::Break) {
    for (const Wait& other : waits_at(Kind::Barrier, barrier.name)) {
      end_wait(other.id, Refused{Code::Broken, {}});
    }
  } else {
    ++barrier.shrunk;
    if (!lost.participant.empty()) barrier.dead.insert(lost.participant);
  }
}

/// A barrier at which nobody is any more begins anew, and what nobody needs has its time.
void TaskModel::review_signals() {
  for (Signal& known : signals_) {
    const bool is_alone = waits_at(known.kind, known.name).empty();
    if (known.kind == Kind::Barrier && is_alone) {
      known.parties = known.shrunk = 0;
      known.dead.clear();
    }
    const bool is_needed = known.is_set || known.left > 0 || !is_alone;
    known.forget =
        is_needed ? Time::never() : known.used + Duration::from_ms(rules_.limits.signal_idle_ms);
  }
}

// --- repeats

/// Of what was told by an event or a barrier.
std::optional<std::uint64_t> TaskModel::generation_of(const Reply& reply) {
  const auto* value = std::get_if<Value>(&reply);
  const auto* map = value == nullptr ? nullptr : std::get_if<Value::Map>(&value->data);
  if (map == nullptr || map->size() < 2 || map->at(1).first != "generation") return std::nullopt;
  return static_cast<std::uint64_t>(std::get<std::int64_t>(map->at(1).second.data));
}

TaskModel::Reply TaskModel::repeated_signal(std::uint64_t generation) {
  if (const auto* wait = std::get_if<command::EventWait>(&entry_->command)) {
    const Signal* event = signal(Kind::Event, wait->name);
    if (event != nullptr && event->generation == generation) return told_by_event(*event);
  }
  if (const auto* arrive = std::get_if<command::BarrierArrive>(&entry_->command)) {
    const Signal* barrier = signal(Kind::Barrier, arrive->name);
    if (barrier != nullptr && barrier->generation == generation) return told_by_barrier(*barrier);
  }
  return Refused{Code::Lost, {}};
}

// --- events

Value TaskModel::told_by_event(const Signal& event) {
  return Value::Map{
      {"event", event.name}, {"generation", event.generation}, {"payload", event.payload}};
}

bool TaskModel::is_answered(const Signal& event, const std::optional<std::uint64_t>& after) {
  if (event.is_set && (!after || event.generation > *after)) return true;
  return after && event.generation > *after && !event.is_automatic;
}

TaskModel::Reply TaskModel::on(const command::EventSet& set) {
  const Signal* known = signal(Kind::Event, set.name);
  if (known != nullptr && known->is_automatic != set.automatic) return Refused{Code::Conflict, {}};
  if (auto refused = refuse_signal(Kind::Event, set.name, set.payload.size())) return *refused;
  changed_ = true;
  Signal& event = use(Kind::Event, set.name);
  event.is_automatic = set.automatic;
  event.is_set = true;
  event.generation = entry_->index;
  event.payload = set.payload;
  for (const Wait& wait : waits_at(Kind::Event, set.name)) {
    if (!is_answered(event, wait.after)) continue;
    end_wait(wait.id, told_by_event(event));
    if (event.is_automatic) event.is_set = false;
  }
  return Number{static_cast<std::int64_t>(event.generation)};
}

TaskModel::Reply TaskModel::on(const command::EventReset& reset) {
  const Signal* known = signal(Kind::Event, reset.name);
  if (known == nullptr || !known->is_set) return Number{0};
  changed_ = true;
  use(Kind::Event, reset.name).is_set = false;
  return Number{1};
}

TaskModel::Reply TaskModel::on(const command::EventWait& asked) {
  const Signal* known = signal(Kind::Event, asked.name);
  if (known != nullptr && is_answered(*known, asked.after)) {
    Value told = told_by_event(*known);
    if (known->is_automatic) {
      changed_ = true;
      use(Kind::Event, asked.name).is_set = false;
    }
    return told;
  }
  Wait wait = wait_of(Kind::Event, "", {asked.name}, {});
  wait.after = asked.after;
  return await(std::move(wait), asked.wait);
}

// --- barriers

Value TaskModel::told_by_barrier(const Signal& barrier) {
  Value::List payloads;
  for (const auto& [participant, payload] : barrier.brought) {
    payloads.emplace_back(Value::Map{
        {"participant", participant.empty() ? Value() : Value(participant)}, {"payload", payload}});
  }
  return Value::Map{{"barrier", barrier.name},
                    {"generation", barrier.generation},
                    {"parties", barrier.brought.size()},
                    {"payloads", std::move(payloads)}};
}

TaskModel::Reply TaskModel::on(const command::BarrierArrive& arrive) {
  const std::size_t bytes = arrive.participant.size() + arrive.payload.size();
  if (auto refused = refuse_signal(Kind::Barrier, arrive.name, bytes)) return *refused;
  Signal* known = signal(Kind::Barrier, arrive.name);
  const bool is_open = known != nullptr && known->parties != 0;
  if (is_open && known->parties != arrive.parties) return Refused{Code::Conflict, {}};
  std::vector<Wait> others = waits_at(Kind::Barrier, arrive.name);
  std::optional<Wait> earlier;
  for (const Wait& other : others) {
    const bool is_same = !arrive.participant.empty() && other.participant == arrive.participant;
    if (is_same) earlier = other;
  }
  if (earlier && earlier->origin.user != entry_->origin.user) return Refused{Code::NotHolder, {}};
  std::erase_if(others, [&](const Wait& other) { return earlier && other.id == earlier->id; });
  std::size_t payloads = arrive.payload.size();
  for (const Wait& other : others) payloads += other.payload.size();
  const auto most = static_cast<std::size_t>(rules_.limits.payload_bytes);
  if (payloads > most) return Refused{Code::Limit, {}};

  std::int64_t dead = is_open ? known->shrunk : 0;
  if (is_open && known->dead.contains(arrive.participant)) --dead;
  const bool is_last = static_cast<std::int64_t>(others.size()) + 1 + dead >= arrive.parties;
  Wait wait = wait_of(Kind::Barrier, "", {arrive.name}, {});
  wait.participant = arrive.participant;
  wait.payload = arrive.payload;
  wait.on_death = arrive.on_death;
  if (!is_last && arrive.wait == Duration()) return Refused{Code::Busy, {}};
  if (!is_last) {
    if (auto refused = refuse_asking("")) return *refused;
  }
  changed_ = true;
  if (earlier) end_wait(earlier->id, Refused{Code::Cancelled, {}});
  Signal& barrier = use(Kind::Barrier, arrive.name);
  barrier.parties = arrive.parties;
  barrier.shrunk = dead;
  barrier.dead.erase(arrive.participant);
  if (!is_last) return await(std::move(wait), arrive.wait);
  barrier.generation = entry_->index;
  barrier.brought.clear();
  for (const Wait& other : others) barrier.brought.emplace_back(other.participant, other.payload);
  barrier.brought.emplace_back(arrive.participant, arrive.payload);
  for (const Wait& other : others) end_wait(other.id, told_by_barrier(barrier));
  return told_by_barrier(barrier);
}

// --- latches

TaskModel::Reply TaskModel::on(const command::LatchSet& set) {
  const Signal* known = signal(Kind::Latch, set.name);
  if (known == nullptr) {
    if (auto refused = refuse_signal(Kind::Latch, set.name, 0)) return *refused;
  } else if (known->left > 0 && set.count > 0) {
    const bool is_same = known->count == set.count && known->left == set.count;
    if (!is_same) return Refused{Code::Conflict, {}};
    return Number{static_cast<std::int64_t>(known->generation)};
  }
  changed_ = true;
  Signal& latch = use(Kind::Latch, set.name);
  latch.generation = entry_->index;
  latch.count = latch.left = set.count;
  latch.counted.clear();
  open_if_counted(latch);
  return Number{static_cast<std::int64_t>(latch.generation)};
}

TaskModel::Reply TaskModel::on(const command::LatchCountdown& countdown) {
  Signal* known = signal(Kind::Latch, countdown.name);
  if (known == nullptr) return Refused{Code::Stale, {}};
  if (known->left == 0 || known->counted.contains(countdown.participant)) {
    return Number{known->left};
  }
  auto refused = refuse_signal(Kind::Latch, countdown.name, countdown.participant.size());
  if (refused) return *refused;
  changed_ = true;
  Signal& latch = use(Kind::Latch, countdown.name);
  --latch.left;
  if (!countdown.participant.empty()) latch.counted.insert(countdown.participant);
  open_if_counted(latch);
  return Number{latch.left};
}

TaskModel::Reply TaskModel::on(const command::LatchWait& asked) {
  const Signal* known = signal(Kind::Latch, asked.name);
  if (known != nullptr && known->left == 0) return told_by_latch(*known);
  return await(wait_of(Kind::Latch, "", {asked.name}, {}), asked.wait);
}

Value TaskModel::told_by_latch(const Signal& latch) {
  return Value::Map{{"latch", latch.name}, {"generation", latch.generation}};
}

void TaskModel::open_if_counted(const Signal& latch) {
  if (latch.left > 0) return;
  for (const Wait& wait : waits_at(Kind::Latch, latch.name)) {
    end_wait(wait.id, told_by_latch(latch));
  }
}

}  // namespace checker
