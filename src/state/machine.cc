// One entry: from the request number to the digest.
#include "state/machine.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/planted.h"

namespace state {

using command::Code;
using command::Granted;
using command::Number;
using command::Refused;
using command::Reply;
using command::Waiting;

namespace {

/// Whether a numbered request that is so answered is over, though it may have found nothing to do.
/// If it were not kept, its repeat could find something: who came since would lose by it.
bool is_kept(const Reply& reply) {
  return !std::holds_alternative<Refused>(reply) && !std::holds_alternative<command::Value>(reply);
}

}  // namespace

command::Outcome Machine::apply(const command::Entry& entry) {
  CHECK_GT(entry.index, last_index_);
  CHECK_GE(entry.now, now_);
  entry_ = &entry;
  changed_ = false;
  tokens_given_ = 0;
  // Reads and refusals see the time they are asked at; if nothing changes, it is taken back.
  const Time before = now_;
  now_ = entry.now;
  if (watcher_ != nullptr) watcher_->before(entry);

  Reply reply;
  if (auto repeated = answer_repeat(entry); repeated && !PLANTED(RequestTwice)) {
    reply = std::move(*repeated);
  } else {
    reply = dispatch(entry);
    if (entry.request != 0 && is_kept(reply)) changed();
    if (changed_) remember_answer(entry, reply);
  }
  if (changed_) {
    settle();
    answer_at_once(reply);
    // Any journalled command of a session is a sign of its life.
    if (Session* session = sessions_.find(entry.origin.session)) renew(*session);
    last_index_ = entry.index + (tokens_given_ > 1 ? tokens_given_ - 1 : 0);
    fold_into_digest(reply);
  } else {
    CHECK(events_.empty());
    CHECK(touched_.empty() && reviewed_.empty() && suspects_.empty() && elections_.empty());
    CHECK(undecided_.empty() && ready_.empty() && touched_flows_.empty());
    now_ = before;
  }
  entry_ = nullptr;
  command::Outcome outcome{std::move(reply), changed_, std::exchange(events_, {})};
  if (watcher_ != nullptr) watcher_->after(entry, outcome);
  return outcome;
}

/// Hands on what became free, breaks what would never end, and hands on again, until all rests.
void Machine::settle() {
  hand_on();
  while (!suspects_.empty()) {
    break_deadlock();
    hand_on();
  }
  review_preemptions();
  review_flows();
  std::sort(elections_.begin(), elections_.end());
  elections_.erase(std::unique(elections_.begin(), elections_.end()), elections_.end());
  for (std::string& name : elections_) {
    command::Value leader = leader_of(name);
    events_.push_back(command::LeaderChanged{std::move(name), std::move(leader)});
  }
  elections_.clear();
}

/// A wait that began in this entry and was decided in it needs no event: the outcome is the reply.
void Machine::answer_at_once(Reply& reply) {
  const auto* waiting = std::get_if<Waiting>(&reply);
  if (waiting == nullptr) return;
  const auto decided =
      std::find_if(events_.begin(), events_.end(), [&](const command::Event& event) {
        const auto* ended = std::get_if<command::WaitEnded>(&event);
        return ended != nullptr && ended->waiter == waiting->waiter;
      });
  if (decided == events_.end()) return;
  reply = std::get<command::WaitEnded>(std::move(*decided)).reply;
  events_.erase(decided);
}

Reply Machine::dispatch(const command::Entry& entry) {
  return std::visit([this](const auto& command) { return on(command); }, entry.command);
}

std::optional<Reply> Machine::answer_repeat(const command::Entry& entry) {
  if (entry.request == 0) return std::nullopt;
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  if (session == nullptr) {
    return Refused{Code::Malformed, "REQUEST needs a session: its numbers are counted per session"};
  }
  if (session->answers.is_forgotten(entry.request)) {
    return Refused{Code::Forgotten,
                   fmt::format("the answer to request {} is no longer kept; the last {} are",
                               entry.request, rules_.limits.answers_per_session)};
  }
  const Answer* answer = session->answers.find(entry.request);
  if (answer == nullptr) return std::nullopt;
  if (answer->fingerprint != command::fingerprint(entry.command)) {
    return Refused{Code::Conflict,
                   fmt::format("request {} was something else before", entry.request)};
  }
  switch (answer->kind) {
    case Answer::Kind::Done: return command::Done{};
    case Answer::Kind::Number: return Number{static_cast<std::int64_t>(answer->value)};
    case Answer::Kind::Granted:
    case Answer::Kind::Renewed: return repeat_of_grant(*answer);
    case Answer::Kind::Waiting: return repeat_of_wait(*answer);
    case Answer::Kind::Signal: return repeat_of_signal(*answer);
    case Answer::Kind::KeptAlive: return std::nullopt;  // its sender counts from the repeat
  }
  CHECK(false);
}

Reply Machine::repeat_of_grant(const Answer& answer) {
  const auto it = grants_.find(answer.value);
  if (it == grants_.end()) {
    return Refused{Code::Lost, fmt::format("request {} was granted token {}, which has ended since",
                                           entry_->request, answer.value)};
  }
  const Duration lease = remaining_lease(*it->second);
  if (answer.kind == Answer::Kind::Renewed) return command::Renewed{answer.value, lease};
  if (it->second->space == Space::Task) return attempt_of(task_of(*it->second), Duration());
  return Granted{answer.value, lease, Duration()};
}

/// The wait goes on for the connection, and under the ticket, that asked last.
Reply Machine::repeat_of_wait(const Answer& answer) {
  const auto it = waiters_.find(answer.value);
  CHECK(it != waiters_.end());
  Waiter& waiter = *it->second;
  Party& party = party_of(waiter);
  if (!entry_->ticket.empty() && entry_->ticket != waiter.ticket &&
      party.tickets.contains(entry_->ticket)) {
    return Refused{Code::Conflict, "the ticket is in use by another wait"};
  }
  changed();
  if (!waiter.ticket.empty()) party.tickets.erase(waiter.ticket);
  waiter.ticket = entry_->ticket;
  waiter.connection = entry_->origin.connection;
  waiter.asked = now_;
  if (!waiter.ticket.empty()) party.tickets[waiter.ticket] = waiter.id;
  return Waiting{waiter.id};
}

void Machine::remember_answer(const command::Entry& entry, const Reply& reply) {
  if (entry.request == 0) return;
  Session* const session = sessions_.find(entry.origin.session);
  if (session == nullptr) return;  // it has just been closed
  Answer answer;
  if (const auto* granted = std::get_if<Granted>(&reply)) {
    answer.kind = Answer::Kind::Granted;
    answer.value = granted->token;
  } else if (const auto* attempt = std::get_if<command::Attempt>(&reply)) {
    answer.kind = Answer::Kind::Granted;
    answer.value = attempt->token;
  } else if (const auto* renewed = std::get_if<command::Renewed>(&reply)) {
    answer.kind = Answer::Kind::Renewed;
    answer.value = renewed->token;
  } else if (const auto* waiting = std::get_if<Waiting>(&reply)) {
    answer.kind = Answer::Kind::Waiting;
    answer.value = waiting->waiter;
  } else if (const auto* number = std::get_if<Number>(&reply)) {
    answer.kind = Answer::Kind::Number;
    answer.value = static_cast<std::uint64_t>(number->value);
  } else if (std::holds_alternative<command::Opened>(reply)) {
    answer.kind = Answer::Kind::KeptAlive;
  } else if (std::holds_alternative<Refused>(reply)) {
    return;
  } else if (std::holds_alternative<command::EventWait>(entry.command)) {
    answer = *signal_answer(Space::Event, reply);
  } else if (std::holds_alternative<command::BarrierArrive>(entry.command)) {
    answer = *signal_answer(Space::Barrier, reply);
  }
  answer.fingerprint = command::fingerprint(entry.command);
  session->answers.remember(entry.request, answer,
                            static_cast<std::size_t>(rules_.limits.answers_per_session));
}

void Machine::decide_answer(Session& session, std::uint64_t request, std::uint64_t token) {
  const Answer* waiting = session.answers.find(request);
  if (waiting == nullptr) return;
  session.answers.remember(request, {Answer::Kind::Granted, token, waiting->fingerprint},
                           static_cast<std::size_t>(rules_.limits.answers_per_session));
}

namespace {

/// What of a reply a replay must repeat.
std::uint64_t digest_of(const Reply& reply) {
  const std::uint64_t kind = reply.index();
  if (const auto* granted = std::get_if<Granted>(&reply)) {
    return base::mix(base::mix(kind, granted->token),
                     static_cast<std::uint64_t>(granted->lease.us()));
  }
  if (const auto* waiting = std::get_if<Waiting>(&reply)) return base::mix(kind, waiting->waiter);
  if (const auto* attempt = std::get_if<command::Attempt>(&reply)) {
    return base::mix(base::mix(kind, attempt->token),
                     static_cast<std::uint64_t>(attempt->lease.us()));
  }
  if (const auto* refused = std::get_if<Refused>(&reply)) {
    return base::mix(kind, static_cast<std::uint64_t>(refused->code));
  }
  if (const auto* number = std::get_if<Number>(&reply)) {
    return base::mix(kind, static_cast<std::uint64_t>(number->value));
  }
  return kind;
}

std::uint64_t digest_of(const command::Event& event) {
  const std::uint64_t kind = event.index();
  if (const auto* ended = std::get_if<command::WaitEnded>(&event)) {
    return base::mix(base::mix(kind, ended->waiter), digest_of(ended->reply));
  }
  if (const auto* session = std::get_if<command::SessionEnded>(&event)) {
    return base::mix(kind, session->session);
  }
  return kind;
}

}  // namespace

void Machine::fold_into_digest(const Reply& reply) {
  std::uint64_t digest = base::mix(running_digest_, entry_->index);
  digest = base::mix(digest, static_cast<std::uint64_t>(now_.us()));
  digest = base::mix(digest, digest_of(reply));
  for (const command::Event& event : events_) digest = base::mix(digest, digest_of(event));
  running_digest_ = digest;
}

Reply Machine::on(const command::Configure& command) {
  CHECK_LE(command.rules.version, kRulesVersion);
  if (command.rules == rules_) return command::Done{};
  changed();
  rules_ = command.rules;
  for (const auto& [id, session] : sessions_) {  // the slack may be another now
    deadlines_.remove({session->alarm, Deadline::Kind::Session, id});
    session->alarm = expiry_of(*session);
    deadlines_.add({session->alarm, Deadline::Kind::Session, id});
  }
  return command::Done{};
}

}  // namespace state
