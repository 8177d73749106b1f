// The conversation when a caller waits no longer: he cancelled, or his patience is
// over. What he asked for may still happen at the server; a grant that comes of
// it is given back at once, so that no lock is held by nobody.
#include <fmt/format.h>

#include <utility>

#include "client/conversation/conversation.h"

namespace turnstile::client {
namespace {

using base::Time;
using Kind = Operation::Kind;
using Stage = Operation::Stage;

constexpr std::size_t kForsakenMax = 4'096;

/// Whether something would be held or waited for that nobody knows of, if it were applied late.
bool may_stay(Kind kind) {
  return kind == Kind::Acquire || kind == Kind::Upgrade || kind == Kind::Wait;
}

Error cancelled() { return {ErrorCode::Cancelled, "CANCELLED the wait was withdrawn"}; }

}  // namespace

void Conversation::cancel(Time now, const OperationPtr& operation) {
  notice_gap(now);
  if (operation->done != nullptr && operation->stage != Stage::Done && !operation->is_cancelled) {
    operation->is_cancelled = true;
    const bool is_undecided = phase_ == Phase::Ready && operation->stage != Stage::Unsent;
    if (is_undecided) {
      send_cancel(now, operation);
    } else {
      calls_.fail(operation, cancelled());
      abandon(now, operation);
    }
  }
  settle(now);
}

void Conversation::give_up(Time now, const OperationPtr& operation) {
  const bool maybe_applied = operation->stage != Stage::Unsent &&
                             operation->kind != Kind::Acquire && operation->kind != Kind::Check &&
                             !operation->is_read && !operation->is_restartable;
  const auto reason = phase_ == Phase::Ready ? "the server does not answer" : trouble_;
  calls_.fail(operation, unavailable(fmt::format("no answer within {} ms: {}",
                                                 (now - operation->started).ms(), reason),
                                     maybe_applied));
  abandon(now, operation);
}

/// Lets a call whose caller is gone come to nothing, as far as that is still possible.
void Conversation::abandon(Time now, const OperationPtr& operation) {
  // Is still owed to those who wait.
  if (operation->kind == Kind::Release || operation->kind == Kind::Finish) return;
  operation->is_abandoned = true;
  switch (operation->stage) {
    case Stage::Unsent: operation->stage = Stage::Done; return;
    case Stage::Sent:
    case Stage::Waiting: send_cancel(now, operation); return;
    case Stage::Done: return;
  }
}

/// Keeps an abandoned acquisition in mind of which the server does not know, or no longer
/// tells, what became of it.
void Conversation::forsake(const OperationPtr& operation, bool is_applied) {
  operation->stage = Stage::Done;
  operation->is_abandoned = true;
  if (!may_stay(operation->kind) || operation->request == 0) return;
  forsaken_.push_back({operation, is_applied});
  if (forsaken_.size() > kForsakenMax) forsaken_.pop_front();
}

/// A refusal is not remembered by the server: when a request that was sent twice is refused,
/// the first copy, should it come late, would be applied as if it were new.
void Conversation::rule_out_copies(Time now, const OperationPtr& operation) {
  if (!operation->is_repeated || !may_stay(operation->kind)) return;
  auto copy = std::make_shared<Operation>(*operation);
  copy->done = nullptr;
  forsake(copy, false);
  if (phase_ == Phase::Ready) burn_number(now, copy);
}

/// Uses the number up for something harmless. A late copy of the acquisition, still on its
/// way over the connection before, is then refused as CONFLICT; if the number is refused
/// instead, the copy was faster, and the next ATTACH lists what it was granted.
void Conversation::burn_number(Time now, const OperationPtr& operation) {
  append_burn(output_, operation->request);
  expect(Expected::Kind::Burn, now, operation);
}

void Conversation::on_burnt(Time now, const OperationPtr& operation, const resp::Value& value) {
  const auto code = value.is_error() ? to_error(value).code() : ErrorCode::Forgotten;
  if (code == ErrorCode::NoSession) return lose_session(now, value.text);
  if (value.is_error() && handle_trouble(now, to_error(value))) return;
  if (code != ErrorCode::Conflict) {
    std::erase_if(forsaken_, [&](const Forsaken& f) { return f.operation == operation; });
    return;
  }
  for (auto& forsaken : forsaken_) {
    if (forsaken.operation == operation) forsaken.is_applied = true;
  }
  drop(now, "a request that was given up has been applied");
}

/// Releases a hold that has no owner.
void Conversation::give_back(Time now, std::shared_ptr<Hold> hold) {
  hold->is_over.store(true, std::memory_order_release);
  auto release = make_release(std::move(hold));
  calls_.add(now, release);
  backlog_.push_back(std::move(release));
}

}  // namespace turnstile::client
