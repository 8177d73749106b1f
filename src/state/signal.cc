// What events, barriers and latches have in common: waiting for them, and being
// forgotten when nobody uses them.
#include <fmt/format.h>

#include "base/check.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::quoted;
using command::Refused;
using command::Reply;
using command::Value;

std::optional<Refused> Machine::refuse_signal(bool is_new, std::size_t bytes) const {
  const auto& limits = rules_.limits;
  if (is_new && signal_names_.size() >= static_cast<std::size_t>(limits.signals)) {
    return Refused{Code::Limit, fmt::format("{} events, barriers and latches are known, which is "
                                            "the limit (signals)",
                                            signal_names_.size())};
  }
  if (bytes == 0 || signal_bytes_ + static_cast<std::int64_t>(bytes) <= limits.signal_bytes) {
    return std::nullopt;
  }
  return Refused{Code::Limit,
                 fmt::format("all signals together have {} bytes of payloads and participants; the "
                             "limit (signal_bytes) is {}",
                             signal_bytes_, limits.signal_bytes)};
}

void Machine::recount(Signal& signal, std::int64_t bytes) {
  signal_bytes_ += bytes - signal.bytes;
  signal.bytes = bytes;
}

/// Puts the waiter, of which the rest is filled in here, into the queue of the name.
Reply Machine::wait_for_signal(Space space, const std::string& name, Duration wait, Waiter waiter) {
  base::Seldom<Details> details = std::move(waiter.details);
  static_cast<Claim&>(waiter) = claim_of(space, {{name, true}}, {});
  waiter.details = std::move(details);
  if (auto refused = refuse_ticket()) return *refused;
  waiter.place = place_for(0);
  Reply reply = enqueue(std::move(waiter), wait);
  if (changed_) review_signal(space, name, true);
  return reply;
}

/// By their places. Who waits there may leave while they are gone through.
std::vector<std::uint64_t> Machine::waiters_at(Space space, std::string_view name) const {
  std::vector<std::uint64_t> ids;
  const auto key = keys_of(space).find(name);
  if (key == keys_of(space).end() || !key->second.queue) return ids;
  for (const auto& [place, id] : key->second.queue->all) ids.push_back(id);
  return ids;
}

/// What was waited for has come. A repeat of the request asks anew, but for what comes only once.
void Machine::answer_waiter(std::uint64_t id, Value value) {
  const std::unique_ptr<Waiter> waiter = take_waiter(id);
  touch(*waiter);
  command::WaitEnded ended{id, waiter->connection, waiter->session, waiter->ticket.str(), {}};
  ended.reply = std::move(value);
  if (waiter->request != 0) decide_signal_answer(*waiter, ended.reply);
  events_.push_back(std::move(ended));
}

namespace {

std::optional<std::uint64_t> generation_of(const Reply& reply) {
  const auto* value = std::get_if<Value>(&reply);
  const auto* map = value == nullptr ? nullptr : std::get_if<Value::Map>(&value->data);
  if (map == nullptr) return std::nullopt;
  for (const auto& [name, item] : *map) {
    const auto* number = std::get_if<std::int64_t>(&item.data);
    if (name == "generation" && number != nullptr) return static_cast<std::uint64_t>(*number);
  }
  return std::nullopt;
}

}  // namespace

/// What an event or a barrier says is remembered by its generation.
std::optional<Answer> Machine::signal_answer(Space space, const Reply& reply) {
  const auto generation = generation_of(reply);
  if (!generation || (space != Space::Event && space != Space::Barrier)) return std::nullopt;
  Answer answer;
  answer.kind = Answer::Kind::Signal;
  answer.value = *generation;
  return answer;
}

void Machine::decide_signal_answer(const Waiter& waiter, const Reply& reply) {
  Answers& answers = sessions_.at(waiter.session).answers;
  const Answer* waiting = answers.find(waiter.request);
  auto decided = signal_answer(waiter.space, reply);
  if (waiting == nullptr || !decided) return answers.forget(waiter.request);
  decided->fingerprint = waiting->fingerprint;
  answers.remember(waiter.request, *decided,
                   static_cast<std::size_t>(rules_.limits.answers_per_session));
}

/// The same answer, as long as the thing still has it.
Reply Machine::repeat_of_signal(const Answer& answer) const {
  if (const auto* wait = std::get_if<command::EventWait>(&entry_->command)) {
    const auto event = signal_events_.find(wait->name);
    const bool has_it = event != signal_events_.end() && event->second.generation == answer.value;
    if (has_it) return report_event(event->second);
  }
  if (const auto* arrive = std::get_if<command::BarrierArrive>(&entry_->command)) {
    const auto barrier = barriers_.find(arrive->name);
    const bool has_it = barrier != barriers_.end() && barrier->second.generation == answer.value;
    if (has_it) return report_round(barrier->second);
  }
  return Refused{Code::Lost, fmt::format("request {} was answered generation {}, of which no more "
                                         "is known",
                                         entry_->request, answer.value)};
}

// --- being known

void Machine::name_signal(Signal& signal, Space space, const std::string& name) {
  signal.id = entry_->index;
  signal.name = name;
  signal_names_[signal.id] = {space, name};
}

Signal* Machine::find_signal(Space space, std::string_view name) {
  const auto find = [&](auto& signals) -> Signal* {
    const auto it = signals.find(name);
    return it == signals.end() ? nullptr : &it->second;
  };
  switch (space) {
    case Space::Event: return find(signal_events_);
    case Space::Barrier: return find(barriers_);
    case Space::Latch: return find(latches_);
    default: return nullptr;
  }
}

/// Nobody waits, and nothing is lost if it is made anew when it is needed again.
bool Machine::is_forgettable(Space space, std::string_view name) const {
  if (keys_of(space).contains(name)) return false;
  if (space == Space::Event) return !signal_events_.at(name).is_set;
  return space != Space::Latch || latches_.at(name).left == 0;
}

/// Sets the time at which the signal is forgotten: anew if it has been used.
void Machine::review_signal(Space space, std::string_view name, bool is_used) {
  Signal* signal = find_signal(space, name);
  if (signal == nullptr) return;
  const bool forgets = is_forgettable(space, name);
  if (forgets && !is_used && signal->forget != Time::never()) return;
  deadlines_.remove({signal->forget, Deadline::Kind::Signal, signal->id});
  signal->forget = forgets ? now_ + Duration::from_ms(rules_.limits.signal_idle_ms) : Time::never();
  deadlines_.add({signal->forget, Deadline::Kind::Signal, signal->id});
}

/// The last who waited there is gone.
void Machine::leave_signal(Space space, std::string_view name) {
  const auto barrier = space == Space::Barrier ? barriers_.find(name) : barriers_.end();
  if (barrier != barriers_.end()) return end_round(barrier->second);
  review_signal(space, name, true);
}

void Machine::forget_signal(std::uint64_t id) {
  const auto node = signal_names_.extract(id);
  CHECK(!node.empty());
  const auto& [space, name] = node.mapped();
  recount(*find_signal(space, name), 0);
  if (space == Space::Event) signal_events_.erase(name);
  if (space == Space::Barrier) barriers_.erase(name);
  if (space == Space::Latch) latches_.erase(name);
}

// --- in words

std::string Machine::describe_signal_wait(const Claim& claim) const {
  const std::string_view name = claim.keys.front().key;
  if (claim.space == Space::Event) return fmt::format("event {} has not been set", quoted(name));
  if (claim.space == Space::Barrier) {
    const auto barrier = barriers_.find(name);
    const std::size_t arrived = waiters_at(Space::Barrier, name).size();
    const std::int64_t needed =
        barrier == barriers_.end() ? 0 : barrier->second.parties - barrier->second.shrunk;
    return fmt::format("{} of {} parties have arrived at barrier {}", arrived, needed,
                       quoted(name));
  }
  const auto latch = latches_.find(name);
  if (latch == latches_.end()) return fmt::format("latch {} has not been set", quoted(name));
  return fmt::format("latch {} has {} of {} left to count", quoted(name), latch->second.left,
                     latch->second.count);
}

Value::List Machine::report_signal_waiters(Space space, std::string_view name) const {
  constexpr std::size_t kWaitersShown = 100;
  Value::List rows;
  for (const std::uint64_t id : waiters_at(space, name)) {
    if (rows.size() == kWaitersShown) break;
    const Waiter& waiter = *waiters_.at(id);
    const Session* session = sessions_.find(waiter.session);
    const bool is_participant = !waiter.details->participant.empty();
    const bool is_named = session != nullptr && !session->name.empty();
    rows.emplace_back(Value::Map{
        {"session", waiter.session == 0 ? Value() : Value(waiter.session)},
        {"name", is_named ? Value(session->name) : Value()},
        {"connection", waiter.connection == 0 ? Value() : Value(waiter.connection)},
        {"participant", is_participant ? Value(waiter.details->participant) : Value()},
        {"since", waiter.arrived_wall.us() / 1000},
        {"waited", (now_ - waiter.arrived).ms()},
        {"wait", (waiter.give_up - now_).ms()},
    });
  }
  return rows;
}

}  // namespace state
