// Ends that nobody asked for: deadlines, lost connections, a new start.
#include <fmt/format.h>

#include "base/check.h"
#include "base/planted.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::Reply;

/// Ends everything that is due, in the order of its deadlines. A session's alarm may ring before
/// its expiry; it is then set again, which is not a change of the state.
Reply Machine::on(const command::Tick&) {
  while (!deadlines_.empty() && deadlines_.first().time <= now_) {
    const Deadline due = deadlines_.first();
    deadlines_.remove(due);
    if (due.kind == Deadline::Kind::Session) {
      Session& session = sessions_.at(due.id);
      session.alarm = expiry_of(session);
      if (session.alarm > due.time) {
        deadlines_.add({session.alarm, due.kind, due.id});
        continue;
      }
    }
    changed();
    expire(due);
  }
  return command::Done{};
}

void Machine::expire(const Deadline& deadline) {
  switch (deadline.kind) {
    case Deadline::Kind::Lease: return expire_lease(deadline.id);
    case Deadline::Kind::Wait: return expire_wait(deadline.id);
    case Deadline::Kind::Session: return end_session(deadline.id, EndCause::SessionExpired);
    case Deadline::Kind::CutOff: return cut_off(deadline.id);
    case Deadline::Kind::Mark: return open(deadline.id);
    case Deadline::Kind::Semaphore: return forget_semaphore(deadline.id);
    case Deadline::Kind::TaskStart: return start_delayed(deadline.id);
    case Deadline::Kind::TaskDeadline: return miss_deadline(deadline.id);
    case Deadline::Kind::Flow: return flows_.remove(flows_.flow_at(deadline.id));
    case Deadline::Kind::Signal: return forget_signal(deadline.id);
  }
}

void Machine::expire_lease(std::uint64_t token) {
  Grant& grant = *grants_.at(token);
  notify(grant, "lost", {{"cause", "expired"}});
  end_grant(grant, EndCause::LeaseExpired);
}

void Machine::expire_wait(std::uint64_t id) {
  const Waiter& waiter = *waiters_.at(id);
  refuse_waiter(
      id, Code::Busy,
      fmt::format("waited {} ms; {}", (now_ - waiter.arrived).ms(), describe_wait(waiter)));
}

/// Connections of the time before are gone, and with them the waits that had nothing else. Their
/// numbers are given anew, so nothing that is left may be told to whoever bears one of them now.
Reply Machine::on(const command::Start&) {
  changed();
  if (PLANTED(RestartRenewsAll)) {
    for (const auto& [id, session] : sessions_) renew(*session);
  }
  for (auto& [token, grant] : grants_) grant->connection = 0;
  while (!anonymous_.empty()) {
    lose_waiter(*anonymous_.begin()->second.waiters.begin(), Code::Unavailable,
                "the server was restarted");
  }
  for (auto& [id, waiter] : waiters_) waiter->connection = 0;  // in any order
  for (auto& [token, mark] : marks_) {
    mark.lost.connection = 0;
    if (mark.lost.session == 0) mark.holder = name_of(0, 0);
  }
  return command::Done{};
}

/// A session in it had said that it ends with its last connection, which this was. Whoever held
/// has not said that its work is done, so that is no clean end.
Reply Machine::on(const command::Disconnect&) {
  const std::uint64_t connection = entry_->origin.connection;
  if (entry_->origin.session != 0) {
    Session* session = nullptr;
    if (auto refused = require_session(session)) return *refused;
    changed();
    end_session(session->id, EndCause::Disconnected);
    return command::Done{};
  }
  auto it = anonymous_.find(connection);
  if (it == anonymous_.end()) return command::Done{};
  changed();
  for (; it != anonymous_.end(); it = anonymous_.find(connection)) {
    lose_waiter(*it->second.waiters.begin(), Code::Cancelled, "the connection was closed");
  }
  return command::Done{};
}

}  // namespace state
