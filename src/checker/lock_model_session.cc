// Sessions, the passing of time, and what is asked about the state.
#include "checker/lock_model.h"

namespace checker {

using command::Done;

std::int64_t LockModel::ttl_left(const ModelSession& own) const {
  return std::max<std::int64_t>(0, own.renewed + own.ttl - now);
}

/// T1: never early, and late by the slack.
std::int64_t LockModel::expiry(const ModelSession& own) const {
  const std::int64_t part = own.ttl * rules.slack_percent / 100;
  return own.renewed + own.ttl + part + std::max(part, rules.slack_min.us());
}

command::Reply LockModel::on(const command::SessionOpen& open) {
  if (static_cast<std::int64_t>(sessions.size()) >= rules.limits.sessions)
    return refused(Code::Limit);
  changed_ = true;
  sessions.emplace(entry_->index,
                   ModelSession{entry_->index, entry_->origin.user, open.ttl.us(), now, {}, 0});
  return command::Opened{entry_->index, open.ttl};
}

namespace {

command::Value unless_empty(std::string_view text) {
  return text.empty() ? command::Value() : command::Value(text);
}

command::Value unless_zero(std::uint64_t number) {
  return number == 0 ? command::Value() : command::Value(number);
}

const char* name_of(Realm realm) {
  constexpr const char* kNames[] = {"lock", "semaphore", "election"};
  return kNames[static_cast<int>(realm)];
}

}  // namespace

/// Grants by token, waits by age.
command::Reply LockModel::on(const command::SessionAttach&) {
  ModelSession* own = session();
  if (own == nullptr) return refused(Code::NoSession);
  changed_ = true;
  own->renewed = now;
  std::map<std::uint64_t, Value> grants;
  Value::List waits;
  for (const ModelClaim* claim : claims.of_session(own->id)) {
    const ModelClaim& c = *claim;
    Value::Map row{{"kind", name_of(c.realm)},
                   {"ticket", unless_empty(c.ticket)},
                   {"request", unless_zero(c.request)}};
    if (c.waits()) {
      row.emplace_back("wait", (c.give_up - now) / 1'000);
      waits.emplace_back(std::move(row));
      if (is_shut_out(c)) meet("a session is attached while it waits for a shut key");
    } else {
      row.emplace_back("token", c.token);
      row.emplace_back("lease", lease_left(c).ms());
      row.emplace_back("entries", c.entries);
      grants.emplace(c.token, std::move(row));
    }
  }
  Value::List held;
  for (auto& [token, row] : grants) held.push_back(std::move(row));
  return Value(Value::Map{{"id", own->id},
                          {"ttl", own->ttl / 1'000},
                          {"grants", std::move(held)},
                          {"waits", std::move(waits)}});
}

command::Reply LockModel::on(const command::SessionKeepAlive&) {
  ModelSession* own = session();
  if (own == nullptr) return refused(Code::NoSession);
  changed_ = true;
  own->renewed = now;
  return command::Opened{own->id, base::Duration::from_us(own->ttl)};
}

command::Reply LockModel::on(const command::SessionClose&) {
  if (session() == nullptr) return refused(Code::NoSession);
  changed_ = true;
  end_session(entry_->origin.session, "closed");
  return Done{};
}

/// First what it waits for, by age, then what it holds, by token.
void LockModel::end_session(std::uint64_t id, const std::string& how) {
  std::vector<std::uint64_t> waiting;
  std::map<std::uint64_t, std::uint64_t> held;
  for (const ModelClaim* c : claims.of_session(id)) {
    if (c->waits()) {
      waiting.push_back(c->id);
    } else {
      held.emplace(c->token, c->id);
    }
  }
  for (const std::uint64_t waiter : waiting) refuse(waiter, Code::NoSession);
  const bool is_clean = how == "closed";
  for (const auto& [token, claim] : held) end(claim, is_clean ? "released" : "expired", is_clean);
  events_.push_back(command::SessionEnded{id, how});
  sessions.erase(id);
}

command::Reply LockModel::on(const command::SessionInfo& info) {
  const ModelSession* known = find_session(info.id != 0 ? info.id : entry_->origin.session);
  if (known == nullptr) return refused(Code::NoSession);
  return Value(Value::Map{{"id", known->id}, {"remaining", ttl_left(*known) / 1'000}});
}

command::Reply LockModel::on(const command::SessionList&) {
  Value::List rows;
  for (const auto& [id, s] : sessions) {
    const auto& own = claims.of_session(id);
    const auto waits = std::count_if(own.begin(), own.end(), [](auto* c) { return c->waits(); });
    rows.emplace_back(Value::Map{{"id", id},
                                 {"remaining", ttl_left(s) / 1'000},
                                 {"grants", static_cast<std::int64_t>(own.size()) - waits},
                                 {"waits", waits}});
  }
  return Value(std::move(rows));
}

/// Holders by token, waiters in their order, those that are shut out last.
command::Reply LockModel::on(const command::LockInfo& info) {
  auto there = claims.about(Realm::Lock, info.key);
  std::sort(there.begin(), there.end(), [&](auto* a, auto* b) {
    const auto rank = [&](auto* c) {
      return std::tuple(c->waits(), c->token, c->waits() && is_shut_out(*c), c->place());
    };
    return rank(a) < rank(b);
  });
  Value::List holders, waiters, shut;
  for (const ModelClaim* c : there) {
    const char* mode = c->on(info.key)->shared ? "shared" : "exclusive";
    if (c->upgrades != 0) mode = "upgrade";
    (c->waits() ? waiters : holders)
        .emplace_back(Value::Map{{"session", unless_zero(c->origin.session)},
                                 {"connection", unless_zero(c->origin.connection)},
                                 {"priority", int{c->priority}},
                                 {"mode", mode}});
  }
  std::map<std::uint64_t, Value> by_token;
  for (const ModelMark& mark : marks) {
    for (const auto& k : mark.keys) {
      if (k.key == info.key) by_token.emplace(mark.token, Value::Map{{"token", mark.token}});
    }
  }
  for (auto& [token, row] : by_token) shut.push_back(std::move(row));
  return Value(Value::Map{{"key", info.key},
                          {"holders", std::move(holders)},
                          {"waiters", std::move(waiters)},
                          {"shut", std::move(shut)}});
}

command::Reply LockModel::on(const command::LockList& list) {
  using State = command::LockList::State;
  std::set<std::string> names;
  for (const ModelClaim& c : claims) {
    const bool is_listed = list.state == State::Any || (list.state == State::Held && !c.waits());
    if (c.realm != Realm::Lock || !is_listed) continue;
    for (const auto& k : c.keys) names.insert(k.key.str());
  }
  for (const ModelMark& mark : marks) {
    if (list.state == State::Held) break;
    for (const auto& k : mark.keys) names.insert(k.key.str());
  }
  Value::List rows;
  for (const auto& name : names) {
    const bool is_asked_for = name.starts_with(list.prefix) && name > list.after;
    if (!is_asked_for || rows.size() >= static_cast<std::size_t>(list.count)) continue;
    rows.emplace_back(Value::Map{{"key", name}});
  }
  return Value(std::move(rows));
}

// --- what the service says to itself

command::Reply LockModel::on(const command::Configure& configure) {
  changed_ = !is_configured || !(configure.rules == rules);
  is_configured = true;
  rules = configure.rules;
  return Done{};
}

/// Connections are numbered anew.
command::Reply LockModel::on(const command::Start&) {
  changed_ = true;
  for (ModelClaim& c : claims) {
    if (!c.waits()) c.origin.connection = 0;
  }
  end_waits([](const ModelClaim& c) { return c.origin.session == 0; }, Code::Unavailable);
  for (ModelClaim& c : claims) c.origin.connection = 0;
  return Done{};
}

command::Reply LockModel::on(const command::Disconnect&) {
  const std::uint64_t connection = entry_->origin.connection;
  changed_ = end_waits(
      [&](const ModelClaim& c) {
        return c.origin.session == 0 && c.origin.connection == connection;
      },
      Code::Cancelled);
  return Done{};
}

/// By connection, then by age. Whether there were any.
template <class Predicate>
bool LockModel::end_waits(Predicate&& is_over, Code code) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> over;
  for (const auto& [id, waiter] : claims.waiting()) {
    if (is_over(*waiter)) over.emplace(waiter->origin.connection, id);
  }
  for (const auto& [connection, id] : over) refuse(id, code);
  return !over.empty();
}

/// At one moment things end in the order of these kinds.
struct LockModel::Due {
  enum class Kind : std::uint8_t { Lease, Wait, Session, CutOff, Mark, Semaphore };
  std::int64_t time = 0;
  Kind kind = Kind::Lease;
  std::uint64_t id = 0;
  std::uint64_t claim = 0;

  auto operator<=>(const Due&) const = default;
};

std::optional<LockModel::Due> LockModel::first_due() const {
  std::optional<Due> first;
  const auto consider = [&](const Due& due) {
    if (due.time <= now && (!first || due < *first)) first = due;
  };
  for (const ModelClaim& c : claims) {
    if (c.waits()) consider({c.give_up, Due::Kind::Wait, c.id, c.id});
    if (!c.waits() && c.lease_end) consider({*c.lease_end, Due::Kind::Lease, c.token, c.id});
    if (c.cut_off) consider({*c.cut_off, Due::Kind::CutOff, c.id, c.id});
  }
  for (const auto& [id, s] : sessions) consider({expiry(s), Due::Kind::Session, s.id, 0});
  for (const ModelMark& m : marks) {
    if (m.until) consider({*m.until, Due::Kind::Mark, m.token, 0});
  }
  for (const ModelSemaphore& s : semaphores) {
    if (s.forget) consider({*s.forget, Due::Kind::Semaphore, s.id, 0});
  }
  return first;
}

command::Reply LockModel::on(const command::Tick&) {
  while (const auto due = first_due()) {
    changed_ = true;
    switch (due->kind) {
      case Due::Kind::Lease: lose(due->claim, "expired"); break;
      case Due::Kind::Wait: refuse(due->id, Code::Busy); break;
      case Due::Kind::Session: end_session(due->id, "expired"); break;
      case Due::Kind::CutOff: cut_off(due->claim); break;
      case Due::Kind::Mark:
        meet("a mark goes by itself");
        may_stick_ = true;
        marks.remove_if([&](const ModelMark& m) { return m.token == due->id; });
        break;
      case Due::Kind::Semaphore:
        meet("a semaphore is forgotten");
        semaphores.remove_if([&](const ModelSemaphore& s) { return s.id == due->id; });
        break;
    }
  }
  return Done{};
}

}  // namespace checker
