// A second machine, written from the promises: lists, searched from end to end.
//
// It answers every entry as the promises say, in the words of test_text.h, and
// shares nothing with the machine but the entry. Whoever may be granted is found
// by asking of everybody, in the one order, whether anything is in his way, until
// nobody can be granted any more. So it is slow, and there is little to get wrong.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "command/entry.h"
#include "state/test_text.h"
#include "state/test_wait_graph.h"

namespace state {

class Model {
 public:
  struct Answer {
    std::string reply;
    std::vector<std::string> events;
    bool changed = false;

    bool operator==(const Answer&) const = default;
  };

  using Claim = ModelClaim;

  /// Whom of a deadlock the machine refused is for it to choose, and for the model to judge.
  Answer apply(const command::Entry& entry, const command::Outcome& verdicts) {
    verdicts_ = &verdicts;
    objection_.clear();
    entry_ = &entry;
    now_ = entry.now.us();
    next_token_ = entry.index;
    events_.clear();
    changed_ = false;
    const std::string reply = answer(entry);
    if (changed_) {
      hand_on();
      refuse_victims();
      if (Session* session = find_session(entry.origin.session)) session->renewed = now_;
    }
    if (objection_.empty() && !WaitGraph(claims_).all_stuck().empty())
      objection_ = "a deadlock was not found";
    return {objection_.empty() ? answered_at_once(reply) : objection_, std::move(events_),
            changed_};
  }

  const std::list<Claim>& claims() const { return claims_; }

 private:
  struct Kept {
    std::uint64_t print = 0;  ///< of what was asked
    std::string text;         ///< the answer, if neither claim nor renewal
    std::uint64_t claim = 0;
    bool renewal = false;
    bool again = false;  ///< a keep-alive: every repeat is one
  };
  struct Session {
    std::uint64_t id = 0;
    std::string user;
    std::int64_t ttl = 0;
    std::int64_t renewed = 0;
    std::map<std::uint64_t, Kept> kept;
    std::uint64_t forgotten = 0;
  };
  using Asked = command::LockAcquire;

  // --- who and what there is

  Session* find_session(std::uint64_t id) {
    for (Session& session : sessions_) {
      if (session.id == id) return &session;
    }
    return nullptr;
  }
  Claim* find_token(std::uint64_t token) {
    for (Claim& claim : claims_) {
      if (claim.token != 0 && claim.token == token) return &claim;
    }
    return nullptr;
  }
  Claim* find_claim(std::uint64_t id) {
    for (Claim& claim : claims_) {
      if (claim.id == id) return &claim;
    }
    return nullptr;
  }
  /// Whether the claim waits for the same client that now speaks.
  bool is_callers_wait(const Claim& claim) const {
    const command::Origin& o = entry_->origin;
    return claim.token == 0 && claim.origin.session == o.session &&
           (o.session != 0 || claim.origin.connection == o.connection);
  }
  Claim* find_ticket(const std::string& ticket) {
    for (Claim& claim : claims_) {
      if (is_callers_wait(claim) && claim.ticket == ticket && !ticket.empty()) return &claim;
    }
    return nullptr;
  }
  template <class Predicate>
  std::int64_t count(Predicate&& is_counted) const {
    return std::count_if(claims_.begin(), claims_.end(), is_counted);
  }
  static bool covers(const Claim& claim, const std::string& key) {
    return std::any_of(claim.wanted.keys.begin(), claim.wanted.keys.end(),
                       [&](const auto& k) { return k.key == key; });
  }
  std::int64_t ttl_left(const Session& session) const {
    return std::max<std::int64_t>(0, session.renewed + session.ttl - now_);
  }
  std::int64_t expiry(const Session& session) const {
    const std::int64_t part = session.ttl * rules_.slack_percent / 100;
    return session.renewed + session.ttl + part + std::max(part, rules_.slack_min.us());
  }
  std::int64_t lease_left(const Claim& claim) {
    std::int64_t left = std::numeric_limits<std::int64_t>::max();
    if (claim.lease_end) left = *claim.lease_end - now_;
    if (const Session* s = find_session(claim.origin.session)) left = std::min(left, ttl_left(*s));
    return std::max<std::int64_t>(0, left);
  }

  // --- the order of things

  static bool conflict(const Asked& a, const Asked& b) {
    for (const auto& x : a.keys) {
      for (const auto& y : b.keys) {
        if (x.key == y.key && !(x.shared && y.shared)) return true;
      }
    }
    return false;
  }
  static auto place(const Claim& claim) { return place_of(claim); }
  bool is_obstructed(const Claim& claim) const {
    return std::any_of(claims_.begin(), claims_.end(), [&](const Claim& other) {
      if (other.id == claim.id || !conflict(other.wanted, claim.wanted)) return false;
      return other.token != 0 || place(other) < place(claim);
    });
  }
  Claim* first_grantable() {
    Claim* first = nullptr;
    for (Claim& claim : claims_) {
      if (claim.token != 0 || is_obstructed(claim)) continue;
      if (first == nullptr || place(claim) < place(*first)) first = &claim;
    }
    return first;
  }
  std::string grant(Claim& claim) {
    claim.token = next_token_++;
    if (claim.wanted.lease) claim.lease_end = now_ + claim.wanted.lease->us();
    if (Session* session = find_session(claim.origin.session)) {
      session->renewed = now_;
      if (session->kept.contains(claim.request)) forget_oldest(*session);  // its answer is written
    }
    return fmt::format("granted {} lease {} waited {}", claim.token, lease_left(claim),
                       now_ - claim.asked);
  }
  void hand_on() {
    while (Claim* claim = first_grantable()) tell(*claim, grant(*claim));
  }

  // --- deadlocks

  /// It must close a cycle in which nobody is of lower priority, or as low and younger.
  void judge_victim(const Claim& victim) {
    const auto rank = [](const Claim& c) {
      return std::pair(int{c.wanted.priority}, -static_cast<std::int64_t>(c.id));
    };
    const WaitGraph graph(claims_);
    const bool is_due = !graph.agent_of(victim).empty() &&
                        graph.reaches(graph.obstacles(victim), graph.agent_of(victim),
                                      [&](const Claim& c) { return rank(c) >= rank(victim); });
    if (!is_due) objection_ = fmt::format("waiter {} is no victim of a deadlock", victim.id);
  }
  void refuse_victims() {
    for (const command::Event& event : verdicts_->events) {
      const auto* ended = std::get_if<command::WaitEnded>(&event);
      const auto* refused =
          ended == nullptr ? nullptr : std::get_if<command::Refused>(&ended->reply);
      if (refused != nullptr && refused->code == command::Code::Deadlock)
        refuse_victim(ended->waiter);
    }
    const auto* refused = std::get_if<command::Refused>(&verdicts_->reply);
    if (refused != nullptr && refused->code == command::Code::Deadlock)
      refuse_victim(entry_->index);
  }
  void refuse_victim(std::uint64_t id) {
    const Claim* victim = find_claim(id);
    if (victim == nullptr || victim->token != 0) {
      objection_ = fmt::format("waiter {} does not wait", id);
      return;
    }
    judge_victim(*victim);
    refuse(Claim(*victim), "DEADLOCK");
    hand_on();
  }
  /// What was decided in the entry that began the wait is its answer.
  std::string answered_at_once(const std::string& reply) {
    if (reply != fmt::format("waiting {}", entry_->index)) return reply;
    const std::string start = fmt::format("wait {} of ", entry_->index);
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (!events_[i].starts_with(start)) continue;
      const std::string outcome = events_[i].substr(events_[i].find("': ") + 3);
      events_.erase(events_.begin() + static_cast<std::ptrdiff_t>(i));
      return outcome;
    }
    return reply;
  }

  // --- ends

  void tell(const Claim& claim, const std::string& outcome) {
    events_.push_back(fmt::format("wait {} of {}/{} ticket '{}': {}", claim.id,
                                  claim.origin.session, claim.origin.connection, claim.ticket,
                                  outcome));
  }
  void remove(std::uint64_t id) {
    std::erase_if(claims_, [&](const Claim& claim) { return claim.id == id; });
  }
  void refuse(const Claim& claim, const std::string& code) {
    tell(claim, code);
    if (Session* session = find_session(claim.origin.session)) session->kept.erase(claim.request);
    remove(claim.id);
  }
  void end(const Claim& claim, const std::string& cause) {
    ended_.emplace_back(claim.token, cause);
    const auto max = static_cast<std::size_t>(rules_.limits.ended_grants);
    if (ended_.size() > max) ended_.erase(ended_.begin(), ended_.end() - static_cast<long>(max));
    remove(claim.id);
  }
  void lose(const Claim& claim) {
    std::string keys;
    for (const auto& k : claim.wanted.keys) keys += (keys.empty() ? "" : ", ") + k.key;
    events_.push_back(fmt::format("notice lost to {}/{}: {{token: {}, keys: [{}], cause: expired}}",
                                  claim.origin.session, claim.origin.connection, claim.token,
                                  keys));
    end(claim, "expired");
  }
  void end_session(std::uint64_t id, const std::string& how) {
    const auto of_it = [&](const Claim& c) { return c.origin.session == id; };
    const std::list<Claim> all = claims_;
    for (const Claim& c : all) {
      if (of_it(c) && c.token == 0) refuse(c, "NOSESSION");
    }
    std::vector<Claim> held;
    std::copy_if(all.begin(), all.end(), std::back_inserter(held),
                 [&](const Claim& c) { return of_it(c) && c.token != 0; });
    std::sort(held.begin(), held.end(), [](auto& a, auto& b) { return a.token < b.token; });
    for (const Claim& c : held) end(c, how == "closed" ? "released" : "expired");
    events_.push_back(fmt::format("session {} {}", id, how));
    std::erase_if(sessions_, [&](const Session& s) { return s.id == id; });
  }
  std::string cause_of(std::uint64_t token) const {
    for (const auto& [t, cause] : ended_) {
      if (t == token) return cause;
    }
    return "unknown";
  }

  // --- entries

  std::string answer(const command::Entry& entry) {
    const command::Origin& origin = entry.origin;
    const bool asks_as_session = origin.session != 0 && takes_session(entry.command);
    const Session* session = find_session(origin.session);
    if (asks_as_session || entry.request != 0) {
      if (origin.session != 0 && (session == nullptr || session->user != origin.user)) {
        return "NOSESSION";
      }
    }
    if (entry.request != 0) {
      if (origin.session == 0) return "ERR";
      if (auto repeated = repeat(*find_session(origin.session))) return *repeated;
    }
    const std::string reply = std::visit([this](const auto& c) { return on(c); }, entry.command);
    if (changed_ && entry.request != 0) keep(reply);
    return reply;
  }

  static bool takes_session(const command::Command& command) {
    const auto kind = command::kind_of(command);
    return kind == 2 || kind == 3 || kind == 4 || kind == 16 || kind == 17 || kind == 18 ||
           kind == 48;
  }

  std::optional<std::string> repeat(Session& session) {
    if (entry_->request <= session.forgotten) return "FORGOTTEN";
    const auto it = session.kept.find(entry_->request);
    if (it == session.kept.end()) return std::nullopt;
    const Kept& kept = it->second;
    if (kept.print != command::fingerprint(entry_->command)) return "CONFLICT";
    if (kept.again) return std::nullopt;
    if (kept.claim == 0) return kept.text;
    Claim* claim = find_claim(kept.claim);
    if (claim == nullptr) return "LOST";
    if (kept.renewal) return fmt::format("renewed {} lease {}", claim->token, lease_left(*claim));
    if (claim->token != 0) {
      return fmt::format("granted {} lease {} waited 0", claim->token, lease_left(*claim));
    }
    if (Claim* other = find_ticket(entry_->ticket); other != nullptr && other != claim) {
      return "CONFLICT";
    }
    changed_ = true;
    claim->ticket = entry_->ticket;
    claim->origin.connection = entry_->origin.connection;
    claim->asked = now_;
    return fmt::format("waiting {}", claim->id);
  }

  void keep(const std::string& reply) {
    Session* session = find_session(entry_->origin.session);
    if (session == nullptr) return;
    Kept kept{command::fingerprint(entry_->command), reply, 0, false, false};
    if (reply.starts_with("granted") || reply.starts_with("waiting")) kept.claim = entry_->index;
    if (const auto* renew = std::get_if<command::LockRenew>(&entry_->command)) {
      kept.claim = find_token(renew->token)->id;
      kept.renewal = true;
    }
    kept.again = std::holds_alternative<command::SessionKeepAlive>(entry_->command);
    session->kept[entry_->request] = kept;
    forget_oldest(*session);
  }
  void forget_oldest(Session& session) const {
    while (session.kept.size() > static_cast<std::size_t>(rules_.limits.answers_per_session)) {
      session.forgotten = session.kept.begin()->first;
      session.kept.erase(session.kept.begin());
    }
  }

  std::string on(const command::SessionOpen& open) {
    if (static_cast<std::int64_t>(sessions_.size()) >= rules_.limits.sessions) return "LIMIT";
    changed_ = true;
    sessions_.push_back({entry_->index, entry_->origin.user, open.ttl.us(), now_, {}, 0});
    return fmt::format("session {} ttl {}", entry_->index, open.ttl.us());
  }
  std::string on(const command::SessionAttach&) {
    Session* session = find_session(entry_->origin.session);
    if (session == nullptr) return "NOSESSION";
    changed_ = true;
    session->renewed = now_;
    std::vector<const Claim*> own;
    for (const Claim& claim : claims_) {
      if (claim.origin.session == session->id) own.push_back(&claim);
    }
    std::sort(own.begin(), own.end(), [](auto* a, auto* b) {
      return std::pair(a->token, a->id) < std::pair(b->token, b->id);
    });
    std::string grants, waits;
    for (const Claim* claim : own) (claim->token != 0 ? grants : waits) += describe(*claim);
    return fmt::format("attached {} grants {} waits {}", session->id, grants, waits);
  }
  /// As attached_text() in the test reads it from the machine's answer.
  std::string describe(const Claim& claim) {
    const std::string ticket = claim.ticket.empty() ? "-" : claim.ticket;
    const std::string request = claim.request == 0 ? "-" : fmt::format("{}", claim.request);
    if (claim.token != 0) {
      return fmt::format("({} {} {} {})", claim.token, lease_left(claim) / 1000, request, ticket);
    }
    return fmt::format("({} {} {})", ticket, request, (claim.give_up - now_) / 1000);
  }
  std::string on(const command::SessionKeepAlive&) {
    Session* session = find_session(entry_->origin.session);
    if (session == nullptr) return "NOSESSION";
    changed_ = true;
    session->renewed = now_;
    return fmt::format("session {} ttl {}", session->id, session->ttl);
  }
  std::string on(const command::SessionClose&) {
    if (find_session(entry_->origin.session) == nullptr) return "NOSESSION";
    changed_ = true;
    end_session(entry_->origin.session, "closed");
    return "OK";
  }
  std::string on(const command::LockAcquire& acquire) {
    const command::Origin& origin = entry_->origin;
    if (origin.session == 0 && (!acquire.lease || !acquire.agent.empty())) return "ERR";
    const auto& limits = rules_.limits;
    const auto own = [&](const Claim& c) { return c.origin.session == origin.session; };
    if (count(own) >= limits.grants_per_session) return "LIMIT";
    if (find_ticket(entry_->ticket) != nullptr) return "CONFLICT";
    Claim claim{entry_->index, 0, origin, entry_->request, entry_->ticket, acquire, 0, now_, 0, {}};
    claim.virtual_arrival = now_ - rules_.ageing_step.us() * acquire.priority;
    claim.give_up = now_ + acquire.wait.us();
    if (is_obstructed(claim)) {
      if (acquire.wait == Duration()) return "BUSY";
      const auto waits = [&](const Claim& c) { return is_callers_wait(c); };
      if (count(waits) >= limits.waiters_per_session) return "LIMIT";
      for (const auto& k : acquire.keys) {
        const auto there = [&](const Claim& c) { return c.token == 0 && covers(c, k.key); };
        if (count(there) >= limits.waiters_per_key) return "LIMIT";
      }
      claims_.push_back(claim);
      const auto* refused = std::get_if<command::Refused>(&verdicts_->reply);
      if (refused != nullptr && refused->code == command::Code::Deadlock && !verdicts_->changed) {
        judge_victim(claims_.back());
        remove(claim.id);
        return "DEADLOCK";
      }
      changed_ = true;
      return fmt::format("waiting {}", claim.id);
    }
    changed_ = true;
    claims_.push_back(claim);
    return grant(claims_.back());
  }
  /// Empty if the caller may act on the token; else the refusal.
  std::string refuse_token(const std::string& key, std::uint64_t token) {
    const Claim* claim = find_token(token);
    if (claim == nullptr) return "STALE " + cause_of(token);
    if (!covers(*claim, key)) return "STALE unknown";
    const command::Origin& o = entry_->origin;
    const bool own = claim->origin.user == o.user &&
                     (claim->origin.session == 0 || claim->origin.session == o.session);
    return own ? "" : "NOTHOLDER";
  }
  std::string on(const command::LockRelease& release) {
    if (cause_of(release.token) == "released") return "0";
    if (auto refused = refuse_token(release.key, release.token); !refused.empty()) return refused;
    changed_ = true;
    end(Claim(*find_token(release.token)), "released");
    return "1";
  }
  std::string on(const command::LockRenew& renew) {
    if (auto refused = refuse_token(renew.key, renew.token); !refused.empty()) return refused;
    changed_ = true;
    Claim& claim = *find_token(renew.token);
    claim.lease_end = now_ + renew.lease.us();
    if (Session* session = find_session(entry_->origin.session)) session->renewed = now_;
    return fmt::format("renewed {} lease {}", claim.token, lease_left(claim));
  }
  std::string on(const command::LockCheck& check) {
    const Claim* claim = find_token(check.token);
    return claim != nullptr && covers(*claim, check.key) ? "1" : "0";
  }
  std::string on(const command::Cancel& cancel) {
    const Claim* claim = find_ticket(cancel.ticket);
    if (claim == nullptr) return "0";
    changed_ = true;
    refuse(Claim(*claim), "CANCELLED");
    return "1";
  }
  /// As info_text() in the test reads it from the machine's answer.
  std::string on(const command::LockInfo& info) {
    std::vector<const Claim*> there;
    for (const Claim& claim : claims_) {
      if (covers(claim, info.key)) there.push_back(&claim);
    }
    std::sort(there.begin(), there.end(), [](auto* a, auto* b) {
      if (a->token != 0 || b->token != 0)
        return b->token == 0 || (a->token != 0 && a->token < b->token);
      return place(*a) < place(*b);
    });
    std::string holders, waiters;
    for (const Claim* c : there) {
      (c->token != 0 ? holders : waiters) +=
          fmt::format("({} {})", c->origin.session, c->origin.connection);
    }
    return fmt::format("holders {} waiters {}", holders, waiters);
  }
  std::string on(const command::LockList&) {
    std::set<std::string> names;
    for (const Claim& claim : claims_) {
      for (const auto& k : claim.wanted.keys) names.insert(k.key);
    }
    std::string text = "keys";
    for (const auto& name : names) text += " " + name;
    return text;
  }
  /// Not for the model: a plain walk has none of them.
  template <class C>
  std::string on(const C&) {
    return "unknown to the model";
  }
  std::string on(const command::SessionInfo&) { return "sessions"; }
  std::string on(const command::SessionList&) {
    std::string text = "sessions";
    for (const Session& s : sessions_) text += fmt::format(" {}:{}", s.id, ttl_left(s) / 1000);
    return text;
  }
  std::string on(const command::Configure& configure) {
    changed_ = !is_configured_ || !(configure.rules == rules_);
    is_configured_ = true;
    rules_ = configure.rules;
    return "OK";
  }
  std::string on(const command::Start&) {
    changed_ = true;
    end_waits([](const Claim& c) { return c.origin.session == 0; }, "UNAVAILABLE");
    for (Claim& claim : claims_) claim.origin.connection = 0;
    return "OK";
  }
  std::string on(const command::Disconnect&) {
    const std::uint64_t connection = entry_->origin.connection;
    changed_ = end_waits(
        [&](const Claim& c) { return c.origin.session == 0 && c.origin.connection == connection; },
        "CANCELLED");
    return "OK";
  }
  /// By connection, then by age. Whether there were any.
  template <class Predicate>
  bool end_waits(Predicate&& is_over, const std::string& code) {
    std::vector<Claim> over;
    for (const Claim& c : claims_) {
      if (c.token == 0 && is_over(c)) over.push_back(c);
    }
    std::sort(over.begin(), over.end(), [](const Claim& a, const Claim& b) {
      return std::pair(a.origin.connection, a.id) < std::pair(b.origin.connection, b.id);
    });
    for (const Claim& claim : over) refuse(claim, code);
    return !over.empty();
  }

  struct Due {
    std::int64_t time = 0;
    int kind = 0;  ///< lease, wait, session: at one moment they end in this order
    std::uint64_t id = 0;

    auto operator<=>(const Due&) const = default;
  };
  std::optional<Due> first_due() const {
    std::optional<Due> first;
    const auto consider = [&](const Due& due) {
      if (due.time <= now_ && (!first || due < *first)) first = due;
    };
    for (const Claim& c : claims_) {
      if (c.token == 0) consider({c.give_up, 1, c.id});
      if (c.token != 0 && c.lease_end) consider({*c.lease_end, 0, c.token});
    }
    for (const Session& s : sessions_) consider({expiry(s), 2, s.id});
    return first;
  }
  std::string on(const command::Tick&) {
    while (const auto due = first_due()) {
      changed_ = true;
      if (due->kind == 0) lose(Claim(*find_token(due->id)));
      if (due->kind == 1) refuse(Claim(*find_claim(due->id)), "BUSY");
      if (due->kind == 2) end_session(due->id, "expired");
    }
    return "OK";
  }

  const command::Entry* entry_ = nullptr;
  const command::Outcome* verdicts_ = nullptr;
  std::string objection_;
  std::int64_t now_ = 0;
  std::uint64_t next_token_ = 0;
  std::vector<std::string> events_;
  bool changed_ = false;
  command::Rules rules_;
  bool is_configured_ = false;
  std::list<Session> sessions_;
  std::list<Claim> claims_;  ///< by rising id
  std::vector<std::pair<std::uint64_t, std::string>> ended_;
  using Duration = base::Duration;
};

}  // namespace state
