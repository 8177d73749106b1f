// The comparison of the machine with the naive model: of what they answer, and of what they hold
// to be true afterwards.
#include "checker/lock_agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "command/reply_text.h"

namespace checker {

using base::Time;
using command::Event;
using command::Reply;
using command::Value;
using state::Claim;
using state::Key;
using state::Session;
using state::Space;
using state::Waiter;

namespace {

// --- answers

bool agrees(const Value& expected, const Value& actual) {
  if (const auto* list = std::get_if<Value::List>(&expected.data)) {
    const auto* other = std::get_if<Value::List>(&actual.data);
    return other != nullptr && std::equal(list->begin(), list->end(), other->begin(), other->end(),
                                          [](auto& a, auto& b) { return agrees(a, b); });
  }
  const auto* map = std::get_if<Value::Map>(&expected.data);
  if (map == nullptr) return expected == actual;
  const auto* other = std::get_if<Value::Map>(&actual.data);
  return other != nullptr && std::all_of(map->begin(), map->end(), [&](const auto& field) {
           const auto it = std::find_if(other->begin(), other->end(),
                                        [&](const auto& o) { return o.first == field.first; });
           return it != other->end() && agrees(field.second, it->second);
         });
}

bool agrees(const Reply& expected, const Reply& actual) {
  if (expected.index() != actual.index()) return false;
  if (const auto* value = std::get_if<Value>(&expected))
    return agrees(*value, std::get<Value>(actual));
  const auto* refused = std::get_if<command::Refused>(&expected);
  if (refused == nullptr) return expected == actual;
  const auto& other = std::get<command::Refused>(actual);
  if (refused->code != other.code) return false;
  return refused->code != command::Code::Stale || text_of(*refused) == text_of(other);
}

bool agrees(const Event& expected, const Event& actual) {
  struct Visitor {
    const Event& actual;
    bool operator()(const command::WaitEnded& e) const {
      const auto& a = std::get<command::WaitEnded>(actual);
      return std::tie(e.waiter, e.connection, e.session, e.ticket) ==
                 std::tie(a.waiter, a.connection, a.session, a.ticket) &&
             agrees(e.reply, a.reply);
    }
    bool operator()(const command::Notice& e) const {
      const auto& a = std::get<command::Notice>(actual);
      return std::tie(e.session, e.connection, e.kind) ==
                 std::tie(a.session, a.connection, a.kind) &&
             agrees(Value(e.details), Value(a.details));
    }
    bool operator()(const command::SessionEnded& e) const {
      const auto& a = std::get<command::SessionEnded>(actual);
      return e.session == a.session && e.cause == a.cause;
    }
    bool operator()(const command::LeaderChanged& e) const {
      const auto& a = std::get<command::LeaderChanged>(actual);
      return e.election == a.election && agrees(e.leader, a.leader);
    }
  };
  return expected.index() == actual.index() && std::visit(Visitor{actual}, expected);
}

/// What is told of one token, in one order: several preemptions may ask for it and withdraw.
std::tuple<std::int64_t, std::string, std::string> key_of(const command::Notice& notice) {
  std::string flags;
  for (const auto& [name, item] : notice.details) {
    if (name == "withdrawn" || name == "grace") flags += text_of(item) + " ";
  }
  return {std::get<std::int64_t>(notice.details.front().second.data), notice.kind, flags};
}

/// The order between what different people hear is nobody's business, but waits are decided in the
/// order of the queues.
std::vector<const Event*> in_one_order(const std::vector<Event>& events) {
  std::vector<const Event*> ordered;
  for (const Event& event : events) ordered.push_back(&event);
  std::stable_sort(ordered.begin(), ordered.end(), [](const Event* a, const Event* b) {
    if (a->index() != b->index()) return a->index() < b->index();
    const auto* notice = std::get_if<command::Notice>(a);
    return notice != nullptr && key_of(*notice) < key_of(std::get<command::Notice>(*b));
  });
  return ordered;
}

std::string told_text(const Reply& reply, bool changed, const std::vector<Event>& events) {
  std::string text = fmt::format("{}: {}", changed ? "changed" : "unchanged", exact_text_of(reply));
  for (const Event* event : in_one_order(events)) text += "\n    " + exact_text_of(*event);
  return text;
}

}  // namespace

std::string disagreement(const LockModel::Answer& expected, const command::Outcome& actual) {
  if (!expected.objection.empty()) return expected.objection;
  const auto told = in_one_order(expected.events);
  const auto heard = in_one_order(actual.events);
  const bool agree = expected.changed == actual.changed && agrees(expected.reply, actual.reply) &&
                     std::equal(told.begin(), told.end(), heard.begin(), heard.end(),
                                [](auto* a, auto* b) { return agrees(*a, *b); });
  if (agree) return {};
  return fmt::format("the machine: {}\n  the promises: {}",
                     told_text(actual.reply, actual.changed, actual.events),
                     told_text(expected.reply, expected.changed, expected.events));
}

// --- states

namespace {

Space space_of(Realm realm) {
  switch (realm) {
    case Realm::Lock: return Space::Lock;
    case Realm::Semaphore: return Space::Semaphore;
    case Realm::Election: break;
  }
  return Space::Election;
}

Time time_of(const std::optional<std::int64_t>& us) {
  return us ? Time::from_us(*us) : Time::never();
}

}  // namespace

bool MachineView::agrees_on_claim(const ModelClaim& expected, const Claim& actual) {
  const auto& o = expected.origin;
  const state::Details& details = *actual.details;
  return actual.space == space_of(expected.realm) && actual.user == o.user &&
         std::tie(o.connection, o.session, expected.request, expected.ticket) ==
             std::tie(actual.connection, actual.session, actual.request, actual.ticket) &&
         std::tie(expected.keys, expected.priority, expected.owner, expected.agent,
                  expected.on_loss, expected.permits, expected.value) ==
             std::tie(actual.keys, actual.priority, details.owner, actual.agent, details.on_loss,
                      details.permits, details.value);
}

bool MachineView::agrees_on_grant(const ModelClaim& expected) const {
  const auto it = machine_.grants_.find(expected.token);
  return it != machine_.grants_.end() && agrees_on_claim(expected, *it->second) &&
         it->second->lease_end == time_of(expected.lease_end) &&
         it->second->details->entries == expected.entries;
}

bool MachineView::agrees_on_waiter(const ModelState& model, const ModelClaim& expected) const {
  const auto it = machine_.waiters_.find(expected.id);
  if (it == machine_.waiters_.end() || !agrees_on_claim(expected, *it->second)) return false;
  const Waiter& waiter = *it->second;
  return waiter.give_up == Time::from_us(expected.give_up) &&
         waiter.asked == Time::from_us(expected.asked) &&
         waiter.cut_off == time_of(expected.cut_off) &&
         waiter.parked == model.is_shut_out(expected) &&
         (waiter.upgrades != 0) == (expected.upgrades != 0);
}

std::string MachineView::disagreement_on(const ModelState& model, const ModelClaim& claim) const {
  const bool agree = claim.waits() ? agrees_on_waiter(model, claim) : agrees_on_grant(claim);
  if (agree) return {};
  return claim.waits() ? fmt::format("they disagree on waiter {}", claim.id)
                       : fmt::format("they disagree on the grant of token {}", claim.token);
}

/// L1 and L6: holders by token, waiters by place.
std::string MachineView::disagreement_on_key(const ModelState& model, Realm realm,
                                             std::string_view name) const {
  std::vector<std::uint64_t> holders;
  std::vector<const ModelClaim*> waiting;
  std::int64_t permits = 0;
  for (const ModelClaim* c : model.claims.about(realm, name)) {
    if (!c->waits()) {
      holders.push_back(c->token);
      permits += c->permits;
    } else if (!model.is_shut_out(*c)) {
      waiting.push_back(c);
    }
  }
  std::sort(holders.begin(), holders.end());
  std::sort(waiting.begin(), waiting.end(),
            [](auto* a, auto* b) { return a->place() < b->place(); });
  const auto& keys = machine_.keys_of(space_of(realm));
  const auto it = keys.find(name);
  if (it == keys.end()) return fmt::format("nothing is known of {}", name);
  const Key& key = it->second;
  bool agree = std::equal(holders.begin(), holders.end(), key.holders.begin(), key.holders.end());
  if (realm == Realm::Semaphore) agree = agree && key.permits == permits;
  if (key.queue) {
    agree = agree &&
            std::equal(waiting.begin(), waiting.end(), key.queue->all.begin(), key.queue->all.end(),
                       [](auto* c, auto& placed) { return c->id == placed.second; });
  } else {
    agree = agree && waiting.empty();
  }
  return agree ? "" : fmt::format("they disagree on who holds and waits for {}", name);
}

std::string MachineView::disagreement(const ModelState& model) const {
  const auto holders = model.count([](const ModelClaim& c) { return !c.waits(); });
  if (static_cast<std::size_t>(holders) != machine_.grants_.size()) return "grants differ";
  if (model.claims.size() - static_cast<std::size_t>(holders) != machine_.waiters_.size())
    return "waiters differ";
  std::set<std::pair<Realm, std::string>> names;
  for (const ModelClaim& claim : model.claims) {
    if (auto text = disagreement_on(model, claim); !text.empty()) return text;
    for (const auto& k : claim.keys) names.emplace(claim.realm, k.key);
  }
  for (const auto& [realm, name] : names) {
    if (auto text = disagreement_on_key(model, realm, name); !text.empty()) return text;
  }
  if (model.marks.size() != machine_.marks_.size()) return "marks differ";
  for (const ModelMark& mark : model.marks) {
    const auto it = machine_.marks_.find(mark.token);
    if (it == machine_.marks_.end() || it->second.until != time_of(mark.until))
      return fmt::format("they disagree on mark {}", mark.token);
    for (const auto& k : mark.keys) {
      const auto key = machine_.keys_of(Space::Lock).find(k.key);
      const bool is_shut = key != machine_.keys_of(Space::Lock).end() && key->second.marks &&
                           key->second.marks->contains(mark.token);
      if (!is_shut) return fmt::format("{} is not shut", k.key);
    }
  }
  if (model.semaphores.size() != machine_.semaphores_.size()) return "semaphores differ";
  for (const ModelSemaphore& s : model.semaphores) {
    const auto it = machine_.semaphores_.find(s.name);
    if (it == machine_.semaphores_.end() || it->second.limit != s.limit ||
        it->second.forget != time_of(s.forget))
      return fmt::format("they disagree on semaphore {}", s.name);
  }
  if (model.sessions.size() != machine_.sessions_.size()) return "sessions differ";
  for (const auto& [id, s] : model.sessions) {
    const Session* session = machine_.find_session(id);
    if (session == nullptr || session->renewed != Time::from_us(s.renewed))
      return fmt::format("they disagree on session {}", id);
  }
  return {};
}

}  // namespace checker
