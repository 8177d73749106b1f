// The conversation's sessions: how one begins, what becomes of everything when it
// is taken up over a new connection, and what when it is lost.
//
// The list that ATTACH answers is the truth. A grant in it stands, a wait in it
// goes on, and what is in neither has ended. A request that got no answer at all
// may also never have arrived, so it is sent again with the number it had: if it
// was applied the server answers as it did then, and if not it is applied now.
#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "client/conversation/conversation.h"

namespace turnstile::client {
namespace {

using base::Duration;
using base::Time;
using Kind = Operation::Kind;
using Stage = Operation::Stage;

}  // namespace

struct Conversation::Lists {
  explicit Lists(const Attached& attached) {
    for (const auto& grant : attached.grants) {
      grant_of_token.emplace(grant.token, &grant);
      if (grant.request != 0) grant_of_request.emplace(grant.request, &grant);
    }
    for (const auto& wait : attached.waits) {
      if (wait.request != 0) wait_of_request.emplace(wait.request, &wait);
    }
  }

  template <class Listed>
  static Listed find(const absl::flat_hash_map<std::uint64_t, Listed>& list, std::uint64_t key) {
    const auto found = list.find(key);
    return found == list.end() ? nullptr : found->second;
  }

  absl::flat_hash_map<std::uint64_t, const ListedGrant*> grant_of_token;
  absl::flat_hash_map<std::uint64_t, const ListedGrant*> grant_of_request;
  absl::flat_hash_map<std::uint64_t, const ListedWait*> wait_of_request;
};

void Conversation::begin_session(Time sent, const Opened& opened) {
  session_ = {std::make_shared<SessionLife>(), opened.secret};
  session_->life->id = opened.id;
  keep_alive_.opened(sent, opened.ttl);
  session_->life->until_us.store(keep_alive_.until().us(), std::memory_order_release);
  suspect_since_.reset();
  last_request_ = 0;
  if (listener_.on_session) listener_.on_session(session_->life);
}

// --- a new connection

void Conversation::reconcile(Time now, Time sent, const Attached& attached) {
  const Lists lists(attached);
  reconcile_holds(sent, lists);
  auto unsettled = std::exchange(unsettled_, {});
  look_gap_ = 1;
  renewals_to_look_ = unsettled.empty() ? 0 : look_gap_;
  std::ranges::sort(unsettled, std::greater(),
                    [](const OperationPtr& o) { return std::pair(o->request, o->id); });
  for (const auto& operation : unsettled) reconcile_call(now, sent, operation, lists);
  settle_forsaken(now, sent, lists);
}

/// Without a session nothing was kept for the calls of the connection before, and none of
/// those that are unsettled changes anything.
void Conversation::reconcile_calls() {
  auto unsettled = std::exchange(unsettled_, {});
  std::ranges::sort(unsettled, std::greater(), &Operation::id);
  for (const auto& operation : unsettled) send_again(operation);
}

void Conversation::reconcile_holds(Time sent, const Lists& lists) {
  for (const auto token : holds_.tokens()) {
    const auto* listed = Lists::find(lists.grant_of_token, token);
    if (listed == nullptr) {
      if (!is_being_upgraded(token) && !holds_.find(token)->is_settled) {
        holds_.lose(token, {.cause = "gone", .reason = "the server no longer lists it"});
      }
      continue;
    }
    const auto hold = holds_.find(token);
    if (hold->lease_until() == Time::never()) continue;
    holds_.set_lease(token, std::max(hold->lease_until(), sent + safe_part(listed->lease)));
  }
}

/// Whether the grant may have another token by now, so that its absence says nothing.
bool Conversation::is_being_upgraded(std::uint64_t token) const {
  const auto is_it = [token](const OperationPtr& operation) {
    return operation && operation->kind == Kind::Upgrade && operation->stage != Stage::Done &&
           operation->stage != Stage::Unsent && operation->hold->token == token;
  };
  return std::ranges::any_of(unsettled_, is_it) || std::ranges::any_of(backlog_, is_it) ||
         std::ranges::any_of(expected_, is_it, &Expected::operation) ||
         std::ranges::any_of(by_ticket_, [&](const auto& entry) { return is_it(entry.second); });
}

/// Called from the last request to the first, so that those sent again stand in order.
void Conversation::reconcile_call(Time now, Time sent, const OperationPtr& operation,
                                  const Lists& lists) {
  operation->is_carried = true;
  const bool is_acquire = operation->kind == Kind::Acquire;
  const auto* grant = Lists::find(lists.grant_of_request, operation->request);
  if (grant && is_acquire) return take_up(now, sent, operation, *grant);
  const auto* wait = Lists::find(lists.wait_of_request, operation->request);
  if (wait && wait->ticket != 0) {
    // A repeat turns the outcome to this connection, for the server may believe in the one
    // before for a long time yet. It must be one that the server still recognises.
    if (is_recent(*operation) && !operation->is_abandoned) return send_again(operation);
    return resume_wait(now, operation, wait->ticket);
  }
  // An upgrade is known by its number alone: the grant may have its new token by now.
  if (operation->is_abandoned && operation->kind != Kind::Upgrade) {
    return forsake(operation, false);
  }
  if (is_acquire && operation->stage == Stage::Waiting && !wait) {
    return settle_ended(now, operation);
  }
  repeat_wait(operation);
}

/// Asks what the session has, over the same connection, for the sake of waits that have
/// come over from another one. Their outcome may go there all the same: if the server
/// believes in it, or if a late copy of the request turns it back. The times between
/// double, since a copy becomes less likely.
void Conversation::look_again(Time now) {
  look_gap_ *= 2;
  append_attach(output_, session_->life->id, session_->secret);
  expect(Expected::Kind::Look, now);
}

void Conversation::on_look(Time now, Time sent, const resp::Value& value) {
  if (value.is_error()) {
    const auto error = to_error(value);
    if (error.code() == ErrorCode::NoSession) lose_session(now, error.what());
    if (!handle_trouble(now, error)) drop(now, error.what());
    return;
  }
  const auto attached = read_attached(value);
  if (!attached) return drop(now, "the server's answer to SESSION.ATTACH makes no sense");
  const Lists lists(*attached);
  reconcile_holds(sent, lists);
  std::vector<OperationPtr> carried;
  for (const auto& [ticket, operation] : by_ticket_) {
    const bool waits = operation->stage == Stage::Waiting;
    if (waits && operation->is_carried) carried.push_back(operation);
  }
  renewals_to_look_ = carried.empty() ? 0 : look_gap_;
  std::ranges::sort(carried, {}, &Operation::id);
  for (const auto& operation : carried) reconcile_wait(now, sent, operation, lists);
}

/// A wait whose outcome, if it had come over this connection, would be known by now.
void Conversation::reconcile_wait(Time now, Time sent, const OperationPtr& operation,
                                  const Lists& lists) {
  by_ticket_.erase(operation->ticket);
  const auto* wait = Lists::find(lists.wait_of_request, operation->request);
  if (wait && wait->ticket != 0) return resume_wait(now, operation, wait->ticket);
  if (operation->kind != Kind::Acquire) return repeat_wait(operation);
  const auto* grant = Lists::find(lists.grant_of_request, operation->request);
  if (grant) return take_up(now, sent, operation, *grant);
  if (!operation->is_abandoned) return settle_ended(now, operation);
  operation->stage = Stage::Done;
  rule_out_copies(now, operation);
}

void Conversation::resume_wait(Time now, const OperationPtr& operation, std::uint64_t ticket) {
  operation->stage = Stage::Waiting;
  operation->ticket = ticket;
  last_ticket_ = std::max(last_ticket_, ticket);
  by_ticket_.insert_or_assign(ticket, operation);
  if (operation->is_abandoned || operation->is_cancelled) {
    append_cancel(output_, ticket);
    operation->cancel_is_sent = true;
    expect(Expected::Kind::Cancel, now, operation);
  }
}

/// A wait that the server had queued, and that is over without a grant.
void Conversation::settle_ended(Time now, const OperationPtr& operation) {
  rule_out_copies(now, operation);
  if (operation->is_endless || now < operation->started + operation->wait_asked) {
    return start_afresh(operation);
  }
  operation->stage = Stage::Done;
  calls_.fail(operation, {ErrorCode::Busy, "BUSY the wait ended while the connection was broken"});
}

/// Gives back what was granted to acquisitions that were given up, and withdraws their
/// waits; makes sure of those of which there is no sign.
void Conversation::settle_forsaken(Time now, Time sent, const Lists& lists) {
  for (const auto& forsaken : std::exchange(forsaken_, {})) {
    const auto& operation = forsaken.operation;
    const auto* grant = Lists::find(lists.grant_of_request, operation->request);
    const auto* wait = Lists::find(lists.wait_of_request, operation->request);
    if (grant != nullptr && operation->kind == Kind::Acquire) {
      take_up(now, sent, operation, *grant);
    } else if (wait != nullptr && wait->ticket != 0) {
      resume_wait(now, operation, wait->ticket);
    } else if (forsaken.is_applied) {
      send_for_its_token(operation);
    } else {
      forsaken_.push_back(forsaken);
      burn_number(now, operation);
    }
  }
}

/// An acquisition that was given up has been applied, and its grant is not listed under its
/// number: it has ended, or it entered a grant again, whose number is that of the first
/// level. The answer to a repeat tells; nobody waits for it, so that what it grants is given back.
void Conversation::send_for_its_token(const OperationPtr& operation) {
  const bool may_be_listed_otherwise =
      operation->kind == Kind::Upgrade || !operation->options.owner.empty();
  if (may_be_listed_otherwise) send_again(operation);
}

/// The answer to a repeat tells how a wait ended that is listed no more. A refusal is not
/// remembered, and what would arrive at a barrier once more must not: it only looks.
void Conversation::repeat_wait(const OperationPtr& operation) {
  const bool was_queued = operation->stage == Stage::Waiting;
  if (operation->kind == Kind::Wait && was_queued && !operation->is_restartable) {
    operation->is_last_look = true;
    operation->has_ticket = false;
    operation->wait = Duration();
  }
  send_again(operation);
}

/// With the number it had. It goes before everything that has none yet.
void Conversation::send_again(const OperationPtr& operation) {
  operation->stage = Stage::Sent;
  backlog_.push_front(operation);
}

/// With a new number: what was asked with the old one is known to have come to nothing.
void Conversation::start_afresh(const OperationPtr& operation) {
  operation->stage = Stage::Unsent;
  operation->request = 0;
  operation->is_repeated = false;
  operation->ticket = 0;
  operation->cancel_is_sent = false;
  backlog_.push_back(operation);
}

// --- the end of a session

void Conversation::lose_session(Time now, std::string_view why) {
  const auto life = std::exchange(session_, std::nullopt)->life;
  life->until_us.store(0, std::memory_order_release);
  drop(now, why);
  holds_.lose_all({.cause = "session", .reason = std::string(why)});
  life->lost.request_stop();
  suspect_since_.reset();
  forsaken_.clear();
  auto affected = std::exchange(unsettled_, {});
  for (const auto& [operation, hold] : std::exchange(held_back_, {})) {
    if (!operation->is_abandoned) operation->stage = Stage::Sent;
    affected.push_back(operation);
  }
  const auto unsent = std::exchange(backlog_, {});
  affected.insert(affected.end(), unsent.begin(), unsent.end());
  std::ranges::sort(affected, {}, &Operation::id);
  for (const auto& operation : affected) end_with_session(operation);
  if (listener_.on_session) listener_.on_session(nullptr);
}

/// Decides what becomes of a call when the session it was made in is over.
void Conversation::end_with_session(const OperationPtr& operation) {
  const bool was_sent = operation->stage != Stage::Unsent;
  const auto stage = std::exchange(operation->stage, Stage::Done);
  if (stage == Stage::Done || operation->is_abandoned) return;
  const Error lost(ErrorCode::NoSession, "NOSESSION the session was lost", was_sent);
  switch (operation->kind) {
    case Kind::Ready: return;
    case Kind::Acquire:
    case Kind::Finish: return start_afresh(operation);
    case Kind::Release:
    case Kind::Renew:
    case Kind::Upgrade:
    case Kind::Downgrade:
    case Kind::Proclaim: return calls_.fail(operation, {ErrorCode::NoSession, lost.what()});
    case Kind::Check: {
      resp::Value no;
      no.type = resp::Type::Integer;
      return calls_.finish(operation, {.error = {}, .hold = nullptr, .value = std::move(no)});
    }
    case Kind::Wait:
    case Kind::Command:
      if (operation->is_read || operation->is_restartable || !was_sent)
        return start_afresh(operation);
      return calls_.fail(operation, lost);
  }
}

}  // namespace turnstile::client
