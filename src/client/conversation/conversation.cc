// The conversation's connection and time: when something leaves, and when
// something is over.
#include "client/conversation/conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace turnstile::client {
namespace {

using base::Duration;
using base::Time;

// Fewer than the 1,024 answers that a server keeps for repeats, and than the
// requests it lets a connection have unanswered.
constexpr std::size_t kUnansweredMax = 1'000;
// A first connection may cross an ocean; nothing is lost yet by waiting for it.
constexpr Duration kFirstAttempt = Duration::from_seconds(2);
constexpr Duration kSilenceMax = Duration::from_seconds(10);
constexpr Duration kFarewell = Duration::from_ms(900);

/// Whether it makes no sense in another session than that of its hold.
bool needs_its_session(const Operation& operation) {
  return operation.hold != nullptr && operation.kind != Operation::Kind::Finish;
}

}  // namespace

Conversation::Conversation(Settings settings, Listener listener)
    : settings_(std::move(settings)),
      listener_(std::move(listener)),
      link_(settings_.endpoints, settings_.seed),
      keep_alive_(settings_.ttl),
      calls_(settings_.patience) {}

// --- inputs

void Conversation::start(Time now, OperationPtr operation) {
  notice_gap(now);
  calls_.add(now, operation);
  if (auto refusal = find_refusal(*operation)) {
    operation->stage = Operation::Stage::Done;
    calls_.fail(operation, std::move(*refusal));
  } else if (operation->kind == Operation::Kind::Ready) {
    if (phase_ == Phase::Ready) calls_.finish(operation, {});
  } else if (needs_its_session(*operation) &&
             (!session_ || operation->hold->session != session_->life)) {
    end_with_session(operation);
  } else {
    backlog_.push_back(std::move(operation));
  }
  settle(now);
}

/// Why an operation comes to nothing without the server's being asked, or nothing.
std::optional<Error> Conversation::find_refusal(const Operation& operation) const {
  if (auto fault = find_fault(operation)) return fault;
  if (is_closing_) return unavailable("the client was closed", false);
  const bool needs_session = operation.kind == Operation::Kind::Acquire || operation.is_numbered;
  if (settings_.has_session || !needs_session) return std::nullopt;
  return Error(ErrorCode::NoSession, "NOSESSION this client was made without a session");
}

void Conversation::on_connected(Time now) {
  notice_gap(now);
  if (link_.wanted() != 0 && phase_ == Phase::Away) greet(now);
  settle(now);
}

void Conversation::on_disconnected(Time now, std::string_view why) {
  notice_gap(now);
  drop(now, why);
  settle(now);
}

void Conversation::on_bytes(Time now, std::string_view bytes) {
  notice_gap(now);
  last_heard_ = now;
  const auto connection = link_.wanted();
  if (phase_ != Phase::Away) parser_->feed(bytes);
  while (phase_ != Phase::Away && link_.wanted() == connection) {
    const auto value = parser_->next();
    if (!value) break;
    on_value(now, *value);
  }
  if (phase_ != Phase::Away && !parser_->error().empty()) drop(now, parser_->error());
  settle(now);
}

void Conversation::on_time(Time now) {
  notice_gap(now);
  settle(now);
}

std::string Conversation::take_output() { return std::exchange(output_, {}); }

void Conversation::close(Time now) {
  if (is_closing_) return;
  is_closing_ = true;
  close_until_ = now + kFarewell;
  for (const auto& operation : calls_.all()) {
    const bool maybe_applied =
        operation->stage != Operation::Stage::Unsent && operation->kind != Operation::Kind::Acquire;
    calls_.fail(operation, unavailable("the client was closed", maybe_applied));
  }
  backlog_.clear();
  // Before the server can hear of it, or a holder would be the last to know.
  holds_.lose_all({.cause = "closed", .reason = {}});
  settle(now);
}

// --- time

void Conversation::notice_gap(Time now) {
  if (!session_ || promised_ == Time::never() || now <= promised_ + keep_alive_.gap_max()) return;
  suspect_since_ = now;
  keep_alive_.hurry();
}

void Conversation::settle(Time now) {
  check_deadlines(now);
  if (link_.try_at(now)) {
    attempt_until_ =
        now + (session_ ? keep_alive_.attempt() : std::max(keep_alive_.attempt(), kFirstAttempt));
  }
  if (phase_ == Phase::Ready) send_due(now);
  close_if_due(now);
  promised_ = next_deadline();
}

void Conversation::check_deadlines(Time now) {
  if (session_ && now >= keep_alive_.until()) {
    lose_session(now, "no renewal of the session was answered in time");
  }
  holds_.lose_expired(now);
  const bool is_connecting = phase_ == Phase::Away && link_.wanted() != 0;
  if (is_connecting && now >= attempt_until_) drop(now, "cannot connect in time");
  if (!probes_.empty() && now >= probes_.front()) drop(now, "the server does not answer in time");
  for (const auto& operation : calls_.overdue(now, away_since())) give_up(now, operation);
}

Time Conversation::next_deadline() const {
  if (is_closed_) return Time::never();
  Time next =
      std::min({link_.retry_at(), calls_.next_deadline(away_since()), holds_.next_deadline()});
  if (is_closing_) next = std::min(next, close_until_);
  if (session_) next = std::min(next, keep_alive_.until());
  if (phase_ == Phase::Away && link_.wanted() != 0) next = std::min(next, attempt_until_);
  if (!probes_.empty()) return std::min(next, probes_.front());
  if (phase_ != Phase::Ready) return next;
  if (session_) next = std::min(next, keep_alive_.due());
  return std::min(next, last_heard_ + kSilenceMax);
}

Time Conversation::away_since() const {
  return phase_ == Phase::Ready ? Time::never() : away_since_;
}

// --- the connection

void Conversation::drop(Time now, std::string_view why) {
  trouble_ = why;
  if (link_.wanted() != 0) link_.drop(now);
  leave_connection(now);
}

void Conversation::leave_connection(Time now) {
  if (phase_ == Phase::Ready) away_since_ = now;
  phase_ = Phase::Away;
  output_.clear();
  probes_.clear();
  heard_sent_ = Time();
  for (const auto& expected : std::exchange(expected_, {})) {
    if (expected.kind == Expected::Kind::Operation) unsettle(expected.operation);
  }
  for (const auto& [ticket, operation] : std::exchange(by_ticket_, {})) {
    if (operation->stage == Operation::Stage::Waiting) unsettle(operation);
  }
}

/// Decides what becomes of a call that was sent over a connection that broke.
void Conversation::unsettle(const OperationPtr& operation) {
  if (operation->stage == Operation::Stage::Done) return;
  operation->ticket = 0;
  operation->cancel_is_sent = false;
  if (operation->is_cancelled) {
    calls_.fail(operation, {ErrorCode::Cancelled, "CANCELLED the wait was withdrawn"});
    operation->is_abandoned = true;
  }
  if (!operation->is_repeatable()) {
    calls_.fail(operation, unavailable(trouble_, true));
    operation->stage = Operation::Stage::Done;
    return;
  }
  unsettled_.push_back(operation);
}

void Conversation::greet(Time now) {
  phase_ = Phase::Greeting;
  last_heard_ = now;
  parser_ = std::make_unique<resp::ReplyParser>();
  append_hello(output_, settings_.who);
  expect(Expected::Kind::Hello, now);
  if (!settings_.has_session) return;
  if (!session_) {
    append_open(output_, settings_.who, settings_.ttl);
    expect(Expected::Kind::Open, now);
    return;
  }
  append_attach(output_, session_->life->id, session_->secret);
  expect(Expected::Kind::Attach, now);
  // ATTACH is no renewal, and the time of the session may be short.
  append_keep_alive(output_);
  expect(Expected::Kind::KeepAlive, now);
  keep_alive_.sending(now);
}

void Conversation::become_ready() {
  phase_ = Phase::Ready;
  for (const auto& operation : calls_.all()) {
    if (operation->kind == Operation::Kind::Ready) calls_.finish(operation, {});
  }
  if (!settings_.has_session) reconcile_calls();
  if (listener_.on_ready) listener_.on_ready();
}

void Conversation::expect(Expected::Kind kind, Time now, OperationPtr operation) {
  expected_.push_back({kind, now, std::move(operation)});
  if (!expected_.back().is_probe()) return;
  const bool is_first = !session_;
  probes_.push_back(
      now + (is_first ? std::max(keep_alive_.attempt(), kFirstAttempt) : keep_alive_.attempt()));
}

// --- what leaves

void Conversation::send_due(Time now) {
  if (session_ && now >= keep_alive_.due()) {
    append_keep_alive(output_);
    expect(Expected::Kind::KeepAlive, now);
    keep_alive_.sending(now);
    if (renewals_to_look_ > 0 && --renewals_to_look_ == 0) look_again(now);
  }
  if (probes_.empty() && now >= last_heard_ + kSilenceMax) {
    append_ping(output_);
    expect(Expected::Kind::Ping, now);
  }
  if (!is_closing_) send_backlog(now);
}

void Conversation::send_backlog(Time now) {
  while (!backlog_.empty() && expected_.size() < kUnansweredMax) {
    const auto operation = std::move(backlog_.front());
    backlog_.pop_front();
    if (operation->stage != Operation::Stage::Done) send_operation(now, operation);
  }
}

void Conversation::send_operation(Time now, const OperationPtr& operation) {
  if (operation->is_numbered && operation->request == 0) operation->request = ++last_request_;
  operation->is_repeated = operation->stage == Operation::Stage::Sent;
  if (!operation->is_repeated) operation->first_sent = now;
  if (operation->has_ticket && !operation->is_endless) {
    // A repeat may join a wait that goes on, and so must be one itself.
    const Duration least = operation->is_repeated ? Duration::from_ms(1) : Duration();
    operation->wait = std::max(operation->started + operation->wait_asked - now, least);
  }
  operation->stage = Operation::Stage::Sent;
  const bool may_wait = operation->kind == Operation::Kind::Command || operation->wait > Duration();
  if (operation->has_ticket && may_wait) {
    operation->ticket = ++last_ticket_;
    by_ticket_.emplace(operation->ticket, operation);
  }
  append_operation(output_, *operation);
  expect(Expected::Kind::Operation, now, operation);
}

void Conversation::send_cancel(Time now, const OperationPtr& operation) {
  if (phase_ != Phase::Ready || operation->ticket == 0 || operation->cancel_is_sent) return;
  operation->cancel_is_sent = true;
  append_cancel(output_, operation->ticket);
  expect(Expected::Kind::Cancel, now, operation);
}

void Conversation::close_if_due(Time now) {
  if (!is_closing_ || is_closed_) return;
  if (session_ && phase_ == Phase::Ready && !close_is_sent_) {
    close_is_sent_ = true;
    append_close(output_);
    expect(Expected::Kind::Close, now);
  }
  // A session that was never opened needs no farewell.
  if (session_ && now < close_until_ && !(close_is_sent_ && phase_ == Phase::Away)) return;
  is_closed_ = true;
  link_.shut();
  leave_connection(now);
}

}  // namespace turnstile::client
