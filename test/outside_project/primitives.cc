// One function for each primitive: what its header promises, seen from two sessions.
#include "primitives.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using turnstile::Client;
using turnstile::ErrorCode;

namespace {

/// What a callback was called with last, for this thread to wait for.
template <class What>
class Mailbox {
 public:
  auto callback() {
    return [this](const What& what) {
      const std::lock_guard lock(mutex_);
      what_ = what;
      changed_.notify_all();
    };
  }
  template <class Predicate>
  bool get(Predicate is_it) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return what_ && is_it(*what_); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<What> what_;
};

void a_thread_enters_again(Client& one, Client& other) {
  turnstile::ReentrantMutex mutex(one, "again");
  mutex.lock();
  const auto token = mutex.token();
  require(mutex.try_lock() && mutex.token() == token, "a second level has the same token");
  mutex.unlock();
  require(other.try_lock("again").failed_with(ErrorCode::Busy), "one level is left");
  mutex.unlock();
  require(other.lock("again", {.wait = 30s}).token() > token, "the last level gives it back");
}

void a_shared_lock_is_upgraded(Client& one, Client& other) {
  turnstile::UpgradeMutex mutex(one, "upgrade");
  std::shared_lock reading(mutex);
  const auto token = mutex.token();
  auto second = other.lock("upgrade", {.shared = true});
  require(!mutex.try_unlock_shared_and_lock(), "others still share it");
  require(mutex.token() == token && mutex.is_held(), "a refusal leaves the hold as it was");
  std::jthread leaver([&] { second.release(); });
  require(mutex.try_unlock_shared_and_lock_for(30s), "an upgrade waits for the others");
  require(mutex.token() > token, "an upgrade changes the token");
  require(other.try_lock("upgrade", {.shared = true}).failed_with(ErrorCode::Busy), "alone");
  mutex.unlock_and_lock_shared();
  require(other.try_lock("upgrade", {.shared = true}).has_value(), "shared again");
}

void two_upgrades_are_a_deadlock(Client& one, Client& other) {
  auto mine = one.lock("both", {.shared = true});
  auto theirs = other.lock("both", {.shared = true});
  std::optional<ErrorCode> refused;
  std::jthread upgrader([&] {
    auto upgraded = theirs.try_upgrade("both", 30s);
    if (!upgraded) refused = upgraded.error().code();
    theirs.release();
  });
  auto upgraded = mine.try_upgrade("both", 30s);
  const bool lost_out = upgraded.failed_with(ErrorCode::Deadlock);
  require(lost_out || upgraded.has_value(), "one of two upgrades is refused");
  require(mine.check(), "and shares it still");
  mine.release();
  upgrader.join();
  require(lost_out != (refused == ErrorCode::Deadlock), "and the other one is not");
}

void threads_of_one_client_deadlock(Client& one) {
  auto first = one.lock("x");
  std::jthread thread([&] {
    auto mine = one.lock("y");
    auto crossed = one.try_lock("x", {.wait = 30s});
    require(crossed.has_value() || crossed.failed_with(ErrorCode::Deadlock), "a cycle ends");
  });
  while (!one.try_lock("y").failed_with(ErrorCode::Busy)) std::this_thread::yield();
  auto crossed = one.try_lock("y", {.wait = 30s});
  require(crossed.has_value() || crossed.failed_with(ErrorCode::Deadlock), "a cycle is found");
  first.release();
}

void permits_are_counted(Client& one, Client& other) {
  turnstile::Semaphore mine(one, "gateway", 3);
  turnstile::Semaphore theirs(other, "gateway");
  auto two = mine.acquire(2);
  const auto third = theirs.try_acquire();
  require(third.has_value() && third->token() > two.token(), "a permit is left");
  require(theirs.try_acquire().failed_with(ErrorCode::Busy), "and then none");
  require(theirs.try_acquire(4).failed_with(ErrorCode::Limit), "never more than there are");
  turnstile::Semaphore wrong(other, "gateway", 5);
  require(wrong.try_acquire().failed_with(ErrorCode::Conflict), "the limit was set before");
  std::jthread releaser([&] { two.release(); });
  require(theirs.try_acquire_for(30s, 2).has_value(), "permits that come back are handed on");
  mine.resize(4);
  require(mine.info().integer_of("limit") == 4, "the limit was changed");
}

void leaders_follow_each_other(Client& one, Client& other) {
  turnstile::Election election(one, "dispatcher");
  turnstile::Election theirs(other, "dispatcher");
  Mailbox<turnstile::Leader> seen;
  const auto observation = theirs.observe(seen.callback());
  require(seen.get([](const auto& leader) { return !leader.is_led; }), "vacant at first");
  auto term = election.campaign("a");
  require(seen.get([](const auto& leader) { return leader.value == "a"; }), "a leads");
  require(theirs.leader().term == term.term(), "the term is the token");
  require(theirs.try_campaign("b").failed_with(ErrorCode::Busy), "one leads at a time");
  term.proclaim("c");
  require(seen.get([](const auto& leader) { return leader.value == "c"; }), "a says c");
  std::jthread resigner([&] { term.resign(); });
  auto next = theirs.campaign("d", {.wait = 30s});
  require(next.term() > term.term(), "the next term is greater");
  require(seen.get([](const auto& leader) { return leader.value == "d"; }), "d leads");
}

void a_holder_is_asked_to_leave(Client& one, Client& other) {
  auto grant = one.lock("preempted");
  Mailbox<turnstile::Revocation> asked;
  grant.on_revoked(asked.callback());
  std::jthread urgent([&] {
    require(other.lock("preempted", {.wait = 30s, .priority = 9, .preempt = 30s}).is_held(),
            "who is more urgent gets it");
  });
  require(asked.get([](const auto& demand) { return !demand.is_withdrawn; }), "it is asked for");
  require(grant.revoked().stop_requested() && grant.is_held(), "the grace runs");
  require(grant.release(), "it leaves in time");
}

void an_operator_takes_it(Client& one, Client& other) {
  auto grant = one.lock("taken", {.on_loss = turnstile::OnLoss::Hold});
  Mailbox<turnstile::Loss> losses;
  grant.on_lost(losses.callback());
  other.call({"LOCK.REVOKE", "taken", "REASON", "fraud case 9"});
  require(losses.get([](const auto& loss) { return loss.cause == "revoked"; }), "revoked");
  require(other.try_lock("taken").failed_with(ErrorCode::Busy), "it is held shut");
  other.call({"LOCK.RESOLVE", "taken"});
  require(other.try_lock("taken").has_value(), "until it is resolved");
}

void a_refusal_says_how_long(Client& one, Client& other) {
  const auto grant = one.lock("busy");
  const auto refused = other.try_lock("busy", {.wait = 30s, .within = 0ms});
  require(!refused.has_value() || refused.failed_with(ErrorCode::Busy), "not within no time");
}

void a_fence_has_its_token(Client& one) {
  const turnstile::FencedGuard guard(one, {"account/2", "account/1"});
  std::string shown;
  guard.fence().show(turnstile::Sql::Sqlite, [&](auto, const turnstile::Fence::Row& row) {
    shown += row.resource + " ";
    return row.token == static_cast<std::int64_t>(guard.grant().token()) ? 1 : 0;
  });
  require(shown == "account/1 account/2 ", "each key is shown with the token");
}

void a_look_needs_no_session(Client& one) {
  const auto sessions = one.call({"SESSION.LIST"}).items.size();
  auto looker = Client::connect({}, {.session = false});
  require(looker.list().kind == turnstile::Reply::Kind::Array, "it reads");
  require(looker.call({"SESSION.LIST"}).items.size() == sessions, "it opened none");
  require(looker.try_lock("z").failed_with(ErrorCode::NoSession), "it cannot hold anything");
}

}  // namespace

void go_through_primitives(Client& one, Client& other) {
  a_thread_enters_again(one, other);
  a_shared_lock_is_upgraded(one, other);
  two_upgrades_are_a_deadlock(one, other);
  threads_of_one_client_deadlock(one);
  permits_are_counted(one, other);
  leaders_follow_each_other(one, other);
  a_holder_is_asked_to_leave(one, other);
  an_operator_takes_it(one, other);
  a_refusal_says_how_long(one, other);
  a_fence_has_its_token(one);
  a_look_needs_no_session(one);
}
