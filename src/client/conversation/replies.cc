// The conversation's ears: what each reply and each push means. Nothing that
// arrives can break the program: what is not understood ends the connection, and
// the calls under way find their answers over the next one or run out of patience.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "client/conversation/conversation.h"

namespace turnstile::client {
namespace {

using base::Duration;
using base::Time;
using Kind = Operation::Kind;
using Stage = Operation::Stage;
using resp::Type;
using resp::Value;

const Loss kGone{.cause = "gone", .reason = {}};

/// Whether the answer is a map with a token and a lease; for a task see assignments.cc.
bool needs_grant(Kind kind) {
  return kind == Kind::Acquire || kind == Kind::Renew || kind == Kind::Upgrade ||
         kind == Kind::Downgrade;
}

bool needs_number(Kind kind) {
  return kind == Kind::Release || kind == Kind::Check || kind == Kind::Finish;
}

/// Whether it can be the answer to such a call.
bool makes_sense(const Operation& operation, const Value& value) {
  if (needs_grant(operation.kind) && !read_granted(value)) return false;
  if (needs_number(operation.kind) && value.type != Type::Integer) return false;
  return operation.is_sound == nullptr || operation.is_sound(value);
}

Loss to_loss(const Error& error) { return {.cause = "gone", .reason = error.what()}; }

}  // namespace

void Conversation::on_value(Time now, const Value& value) {
  if (value.is_push()) return on_push(now, value);
  if (expected_.empty()) return drop(now, "the server sent a reply that nobody asked for");
  Expected expected = std::move(expected_.front());
  expected_.pop_front();
  if (PLANTED(LeaseFromAnswer)) expected.sent = now;
  if (expected.is_probe()) probes_.pop_front();
  heard_sent_ = expected.sent;
  on_reply(now, expected, value);
}

void Conversation::on_reply(Time now, const Expected& expected, const Value& value) {
  switch (expected.kind) {
    case Expected::Kind::Hello: return on_hello(now, value);
    case Expected::Kind::Open: return on_open(now, expected.sent, value);
    case Expected::Kind::Attach: return on_attach(now, expected.sent, value);
    case Expected::Kind::KeepAlive: return on_keep_alive(now, expected.sent, value);
    case Expected::Kind::Ping: return;
    case Expected::Kind::Cancel: return on_cancel(now, expected.operation, value);
    case Expected::Kind::Close: close_until_ = now; return;
    case Expected::Kind::Look: return on_look(now, expected.sent, value);
    case Expected::Kind::Burn: return on_burnt(now, expected.operation, value);
    case Expected::Kind::Operation: return on_operation(now, expected, value);
  }
}

// --- pushes

void Conversation::on_push(Time now, const Value& value) {
  if (value.items.size() != 3) return;
  const auto what = value.items[0].as_string();
  const auto about = value.items[1].as_string();
  if (!what || !about) return;
  if (*what == "turnstile-notice") return on_notice(now, *about, value.items[2]);
  if (*what != "turnstile") return;
  const auto found = by_ticket_.find(read_ticket(*about));
  if (found == by_ticket_.end()) return;
  const auto operation = found->second;
  if (operation->stage != Stage::Waiting) {
    return drop(now, "the server pushed an outcome before it said QUEUED");
  }
  by_ticket_.erase(found);
  on_outcome(now, Time::never(), operation, value.items[2]);
}

void Conversation::on_notice(Time now, std::string_view kind, const Value& content) {
  const auto token = read_token(content);
  if (kind == "lost" || kind == "revoked") holds_.lose(token, read_loss(kind, content));
  if (kind == "preempt") holds_.ask(token, read_revocation(content));
  if (listener_.on_notice) listener_.on_notice(kind, content);
  const auto* session = content.find("session");
  const bool is_ours = session != nullptr && session_ &&
                       session->as_integer() == static_cast<std::int64_t>(session_->life->id);
  if (kind == "lost" && token == 0 && is_ours) lose_session(now, "the server ended the session");
}

// --- the session

void Conversation::on_hello(Time now, const Value& value) {
  if (value.is_error()) return refuse_service(now, to_error(value));
  if (value.type != Type::Map && value.type != Type::Array) {
    return drop(now, "the server does not understand HELLO");
  }
  if (!settings_.has_session) become_ready();
}

void Conversation::on_open(Time now, Time sent, const Value& value) {
  if (value.is_error()) return refuse_service(now, to_error(value));
  const auto opened = read_opened(value);
  if (!opened) return drop(now, "the server's answer to SESSION.OPEN makes no sense");
  begin_session(sent, *opened);
  become_ready();
}

void Conversation::on_attach(Time now, Time sent, const Value& value) {
  if (value.is_error()) {
    const auto error = to_error(value);
    if (error.code() == ErrorCode::NoSession) return lose_session(now, error.what());
    return refuse_service(now, error);
  }
  const auto attached = read_attached(value);
  if (!attached) return drop(now, "the server's answer to SESSION.ATTACH makes no sense");
  reconcile(now, sent, *attached);
  become_ready();
}

/// The server will not serve this client, at least not now. Those who only wait for a
/// session are told why; calls go on hoping.
void Conversation::refuse_service(Time now, const Error& error) {
  if (handle_trouble(now, error)) return;
  for (const auto& operation : calls_.all()) {
    if (operation->kind == Kind::Ready) calls_.fail(operation, error);
  }
  drop(now, error.what());
}

void Conversation::on_keep_alive(Time now, Time sent, const Value& value) {
  if (value.is_error()) {
    const auto error = to_error(value);
    if (error.code() == ErrorCode::NoSession) return lose_session(now, error.what());
    if (!handle_trouble(now, error)) drop(now, error.what());
    return;
  }
  const auto ttl = read_ttl(value);
  if (!ttl) return drop(now, "the server's answer to SESSION.KEEPALIVE makes no sense");
  const Value* notices = value.find("notices");
  for (const Value& notice : notices == nullptr ? std::vector<Value>() : notices->items) {
    if (notice.type != Type::Array || notice.items.size() != 2) continue;
    if (const auto kind = notice.items[0].as_string()) on_notice(now, *kind, notice.items[1]);
  }
  on_renewed(now, sent, *ttl);
}

void Conversation::on_renewed(Time now, Time sent, Duration ttl) {
  if (!session_) return;
  link_.worked();
  keep_alive_.renewed(sent, ttl);
  session_->life->until_us.store(keep_alive_.until().us(), std::memory_order_release);
  if (suspect_since_ && sent >= *suspect_since_) suspect_since_.reset();
  deliver_held_back(now);
}

// --- calls

void Conversation::on_cancel(Time now, const OperationPtr& operation, const Value& value) {
  if (value.is_error()) {
    const auto error = to_error(value);
    if (error.code() == ErrorCode::NoSession && session_) return lose_session(now, error.what());
    if (handle_trouble(now, error)) return;
  }
  if (operation->stage != Stage::Waiting || value.as_integer() == 1) return;
  // 0 means that the outcome was sent before. If it never came the wait is over; should
  // it come all the same, a grant in it is given back.
  calls_.fail(operation, {ErrorCode::Cancelled, "CANCELLED the wait has ended before"});
  operation->is_abandoned = true;
  rule_out_copies(now, operation);
}

void Conversation::on_operation(Time now, const Expected& expected, const Value& value) {
  const auto& operation = expected.operation;
  if (operation->stage != Stage::Sent) return;
  if (operation->ticket != 0 && value.type == Type::Simple && value.text == "QUEUED") {
    operation->stage = Stage::Waiting;
    return;
  }
  by_ticket_.erase(operation->ticket);
  on_outcome(now, expected.sent, operation, value);
}

/// An outcome, as a reply to a request that was sent at `lease_base`, or as a push, when
/// that is Time::never().
void Conversation::on_outcome(Time now, Time lease_base, const OperationPtr& operation,
                              const Value& value) {
  if (value.is_error()) return on_refused(now, operation, value);
  link_.worked();
  on_decided(now, lease_base, operation, value);
}

void Conversation::on_decided(Time now, Time lease_base, const OperationPtr& operation,
                              const Value& value) {
  if (operation->kind == Kind::Acquire && operation->wanted == HoldKind::Task) {
    return on_assigned(now, lease_base, operation, value);
  }
  if (!makes_sense(*operation, value)) {
    unsettle(operation);
    return drop(now, "the server's answer to a request makes no sense");
  }
  const auto granted = read_granted(value);
  if (operation->kind == Kind::Acquire) return on_granted(now, lease_base, operation, *granted);
  operation->stage = Stage::Done;
  const auto& hold = operation->hold;
  if (operation->kind == Kind::Upgrade) on_upgraded(now, lease_base, operation, *granted);
  if (operation->kind == Kind::Release || operation->kind == Kind::Finish) on_finished(hold);
  if (operation->kind == Kind::Check && value.integer == 0) holds_.lose(hold->token, kGone);
  if (operation->kind == Kind::Renew) {
    holds_.set_lease(hold->token, lease_end(lease_base, *operation, *granted));
  }
  calls_.finish(operation, {.error = {}, .hold = nullptr, .value = value});
}

/// Until when a lease is sure to stand that was granted in a reply to a request sent at
/// `lease_base`, or in a push, when that is Time::never().
Time Conversation::lease_end(Time lease_base, const Operation& operation,
                             const Granted& granted) const {
  if (lease_base != Time::never()) return lease_base + safe_part(granted.lease);
  // The grant came after the request was applied and waited, and also after everything
  // that was answered before it on this connection; the later of the two bounds counts.
  return std::max(operation.first_sent + safe_part(granted.waited + granted.lease),
                  heard_sent_ + safe_part(granted.lease));
}

void Conversation::on_granted(Time now, Time lease_base, const OperationPtr& operation,
                              const Granted& granted) {
  operation->stage = Stage::Done;
  auto hold = std::make_shared<Hold>();
  hold->kind = operation->wanted;
  hold->token = granted.token;
  hold->is_owned = !operation->options.owner.empty();
  hold->session = session_->life;
  hold->waited_ms = granted.waited.ms();
  for (const Key& key : operation->keys) hold->keys.push_back(key.name);
  const bool has_lease = operation->options.lease.has_value();
  holds_.add(hold, has_lease ? lease_end(lease_base, *operation, granted) : Time::never());
  deliver(now, operation, std::move(hold));
}

/// The grant has another token now, and its old one is stale.
void Conversation::on_upgraded(Time now, Time lease_base, const OperationPtr& operation,
                               const Granted& granted) {
  const auto& hold = operation->hold;
  if (!holds_.contains(hold)) {
    // Taken for lost while the answer was on its way: what nobody has is given back.
    hold->token = granted.token;
    calls_.fail(operation, {ErrorCode::Stale, "STALE the grant was lost before it was upgraded"});
    return give_back(now, hold);
  }
  const bool has_lease = hold->lease_until() != Time::never();
  holds_.change_token(hold->token, granted.token);
  if (has_lease) holds_.set_lease(granted.token, lease_end(lease_base, *operation, granted));
  hold->waited_ms = granted.waited.ms();
  if (!operation->is_abandoned) return;
  auto downgrade = make_downgrade(hold, operation->key);
  calls_.add(now, downgrade);
  backlog_.push_back(std::move(downgrade));
}

void Conversation::deliver(Time now, const OperationPtr& operation, std::shared_ptr<Hold> hold) {
  if (operation->is_abandoned) return give_back(now, std::move(hold));
  if (suspect_since_ || now >= keep_alive_.until()) {
    held_back_.push_back({operation, std::move(hold)});
    return;
  }
  calls_.finish(operation, {.error = {}, .hold = std::move(hold), .value = {}});
}

void Conversation::deliver_held_back(Time now) {
  if (suspect_since_ || now >= keep_alive_.until()) return;
  for (auto& [operation, hold] : std::exchange(held_back_, {})) {
    deliver(now, operation, std::move(hold));
  }
}

void Conversation::on_refused(Time now, const OperationPtr& operation, const Value& value) {
  auto error = to_error(value);
  if (error.code() == ErrorCode::NoSession && session_) {
    unsettle(operation);
    return lose_session(now, error.what());
  }
  if (error.code() == ErrorCode::Unavailable || error.code() == ErrorCode::Moved) {
    unsettle(operation);
    handle_trouble(now, error);
    return;
  }
  rule_out_copies(now, operation);
  const bool is_over = !operation->is_endless && now >= operation->started + operation->wait_asked;
  if (operation->is_last_look && error.code() == ErrorCode::Busy && !is_over) {
    error = {ErrorCode::Broken, "BROKEN it ended while the connection was broken"};
  }
  // A server that says BUSY early has its reasons, and asking it again at once would be a storm.
  const bool has_waited = now >= operation->first_sent + safe_part(operation->wait);
  const bool is_wanted = !operation->is_abandoned && !operation->is_cancelled;
  if (error.code() == ErrorCode::Busy && operation->is_endless && has_waited && is_wanted) {
    return start_afresh(operation);
  }
  if (error.code() == ErrorCode::Lost && operation->is_gapless && is_wanted) {
    return start_afresh(operation);
  }
  // The same outcome twice is one, so that it may be said under a new number.
  if (error.code() == ErrorCode::Forgotten && operation->kind == Kind::Finish) {
    return start_afresh(operation);
  }
  if (error.code() == ErrorCode::Forgotten) forsake(operation, true);
  operation->stage = Stage::Done;
  const bool is_unchanged = error.code() == ErrorCode::Limit || error.code() == ErrorCode::Invalid;
  if (operation->kind == Kind::Release && (!is_unchanged || operation->hold->is_over)) {
    holds_.remove(operation->hold);
  }
  const bool is_gone = error.code() == ErrorCode::Stale || error.code() == ErrorCode::Lost;
  if (operation->hold && is_gone) holds_.lose(operation->hold->token, to_loss(error));
  calls_.fail(operation, std::move(error));
}

/// A server that stops or does not lead sends its clients elsewhere (MOVED slot host:port),
/// and the calls follow. True if the error said so.
bool Conversation::handle_trouble(Time now, const Error& error) {
  if (error.code() != ErrorCode::Unavailable && error.code() != ErrorCode::Moved) return false;
  const std::string_view words = error.what();
  const auto endpoint = parse_host_port(words.substr(words.rfind(' ') + 1));
  if (error.code() == ErrorCode::Unavailable || !endpoint) {
    drop(now, words);
    return true;
  }
  trouble_ = words;
  link_.redirect(now, *endpoint);
  leave_connection(now);
  return true;
}

}  // namespace turnstile::client
