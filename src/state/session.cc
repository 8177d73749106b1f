// Sessions: a client's life, apart from its connections.
#include <fmt/format.h>

#include "base/check.h"
#include "base/planted.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::Refused;
using command::Reply;

bool Machine::knows_session(std::uint64_t session, std::string_view user,
                            const base::Sha256& secret_hash) const {
  const Session* found = find_session(session);
  return found != nullptr && found->user == user &&
         (PLANTED(SecretNotCompared) ||
          base::equal_in_constant_time(found->secret_hash, secret_hash));
}

const Session* Machine::find_session(std::uint64_t session) const {
  return sessions_.find(session);
}

std::optional<Refused> Machine::require_session(Session*& session) {
  session = nullptr;
  const command::Origin& origin = entry_->origin;
  if (origin.session == 0) return std::nullopt;
  session = sessions_.find(origin.session);
  if (session == nullptr || session->user != origin.user) {
    return Refused{Code::NoSession, fmt::format("session {} has ended or never existed; what it "
                                                "held is free again; open a new one",
                                                origin.session)};
  }
  return std::nullopt;
}

Reply Machine::on(const command::SessionOpen& command) {
  if (sessions_.size() >= static_cast<std::size_t>(rules_.limits.sessions)) {
    return Refused{Code::Limit, fmt::format("{} sessions are open, which is the limit (sessions)",
                                            sessions_.size())};
  }
  changed();
  Session session;
  session.id = entry_->index;
  session.user = entry_->origin.user;
  session.name = command.name;
  session.secret_hash = command.secret_hash;
  session.end_on_close = command.end_on_close;
  session.ttl = command.ttl;
  session.opened_wall = entry_->wall;
  session.renewed = now_;
  session.alarm = expiry_of(session);
  deadlines_.add({session.alarm, Deadline::Kind::Session, session.id});
  const command::Opened opened{session.id, session.ttl};
  const bool is_new = sessions_.insert(std::move(session));
  CHECK(is_new);
  return opened;
}

Reply Machine::on(const command::SessionAttach&) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  if (session == nullptr) return Refused{Code::NoSession, "no session was named"};
  changed();
  renew(*session);
  return command::Value(command::Value::Map{
      {"id", session->id},
      {"ttl", session->ttl.ms()},
      {"grants", report_own_grants(*session)},
      {"waits", report_own_waits(*session)},
  });
}

Reply Machine::on(const command::SessionKeepAlive&) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) {
    if (PLANTED(DeadSessionRenewed)) {
      return command::Opened{entry_->origin.session, Duration::from_seconds(10)};
    }
    return *refused;
  }
  if (session == nullptr) {
    return Refused{Code::NoSession, "this connection has no session; SESSION.OPEN gives it one"};
  }
  changed();
  renew(*session);
  return command::Opened{session->id, session->ttl};
}

Reply Machine::on(const command::SessionClose&) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  if (session == nullptr) {
    return Refused{Code::NoSession, "this connection has no session to close"};
  }
  changed();
  end_session(session->id, EndCause::SessionClosed);
  return command::Done{};
}

/// Only the time is written; the deadline's place in the queue moves when it comes up, so that a
/// renewal costs nothing.
void Machine::renew(Session& session) {
  CHECK_GE(now_, session.renewed);
  session.renewed = now_;
}

Duration Machine::remaining_ttl(const Session& session) const {
  const Duration remaining = session.renewed + session.ttl - now_;
  return remaining < Duration() ? Duration() : remaining;
}

Time Machine::expiry_of(const Session& session) const {
  if (PLANTED(ExpiryRoundedDown)) {
    return session.renewed + Duration::from_seconds(session.ttl.ms() / 1000);
  }
  return session.renewed + session.ttl + rules_.slack(session.ttl);
}

void Machine::end_session(std::uint64_t id, EndCause cause) {
  Session& session = sessions_.at(id);
  const bool expired = cause == EndCause::SessionExpired;
  std::string_view how = expired ? "expired" : "was closed";
  if (cause == EndCause::Disconnected) how = "ended with its last connection";
  while (!PLANTED(WaitOutlivesSession) && !session.party.waiters.empty()) {
    lose_waiter(*session.party.waiters.begin(), Code::NoSession,
                fmt::format("session {} {}", id, how));
  }
  while (!session.grants.empty()) end_grant(*grants_.at(*session.grants.begin()), cause);
  deadlines_.remove({session.alarm, Deadline::Kind::Session, id});
  events_.push_back(command::SessionEnded{id, expired ? "expired" : "closed"});
  sessions_.erase(id);
}

}  // namespace state
