// The conversation's tasks: they are acquired and given back as locks are, but a grant comes
// with what is to be done, and its end may be an outcome.
//
// The list that ATTACH answers does not tell what is to be done, so that a task which was
// assigned over a connection that broke is asked for again: the answer to the repeat has it
// all. An outcome is the one thing that outlives the session: the token and the user are enough.
#include <algorithm>
#include <memory>
#include <utility>

#include "client/conversation/conversation.h"
#include "client/wire/task_answer.h"

namespace turnstile::client {
namespace {

using base::Time;
using Stage = Operation::Stage;

// Well within the 1,024 numbers whose answers a server keeps.
constexpr std::uint64_t kRecentRequests = 900;

/// Whether a task is one of those asked for: `TASK.JOIN flow task …`, or `TASK.TAKE n task…`.
bool is_asked_for(const Operation& operation, const Assignment& assignment) {
  const auto& words = operation.argv;
  if (words.size() < 3) return false;
  if (words[0] == "TASK.JOIN") return words[1] == assignment.flow && words[2] == assignment.task;
  return std::find(words.begin() + 2, words.end(), assignment.task) != words.end();
}

std::shared_ptr<Hold> make_hold(std::shared_ptr<SessionLife> session, const Granted& granted,
                                Assignment assignment) {
  auto hold = std::make_shared<Hold>();
  hold->kind = HoldKind::Task;
  hold->session = std::move(session);
  hold->token = granted.token;
  hold->waited_ms = granted.waited.ms();
  hold->assignment = std::make_shared<const Assignment>(std::move(assignment));
  return hold;
}

}  // namespace

/// The answer to an acquisition of a task, as a reply or a push; see on_outcome().
void Conversation::on_assigned(Time now, Time lease_base, const OperationPtr& operation,
                               const resp::Value& value) {
  auto assigned = read_assigned(value);
  if (!assigned || !is_asked_for(*operation, assigned->assignment)) {
    unsettle(operation);
    return drop(now, "the server's answer to a request for a task makes no sense");
  }
  operation->stage = Stage::Done;
  auto hold = make_hold(session_->life, assigned->granted, std::move(assigned->assignment));
  holds_.add(hold, lease_end(lease_base, *operation, assigned->granted));
  deliver(now, operation, std::move(hold));
}

/// The server has taken it: nothing is held or run any more.
void Conversation::on_finished(const std::shared_ptr<Hold>& hold) {
  hold->is_over.store(true, std::memory_order_release);
  holds_.remove(hold);
}

/// A grant that ATTACH lists under the number of an acquisition.
void Conversation::take_up(Time now, Time sent, const OperationPtr& operation,
                           const ListedGrant& grant) {
  if (operation->wanted != HoldKind::Task) {
    return on_granted(now, sent, operation, {grant.token, grant.lease, now - operation->started});
  }
  if (!operation->is_abandoned && is_recent(*operation)) return send_again(operation);
  // Nobody wants it, or what is to be done can no longer be learned.
  Assignment assignment;
  assignment.flow = grant.flow;
  assignment.task = grant.task;
  give_back(now, make_hold(session_->life, {grant.token, grant.lease, {}}, std::move(assignment)));
  const bool is_wanted = !operation->is_abandoned;
  operation->stage = Stage::Done;
  if (is_wanted) start_afresh(operation);
}

/// Whether the server still recognises its number.
bool Conversation::is_recent(const Operation& operation) const {
  return last_request_ - operation.request < kRecentRequests;
}

}  // namespace turnstile::client
