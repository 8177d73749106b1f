// How each kind of call is set up, and what is refused without asking the server.
#include "client/conversation/operation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace turnstile::client {
namespace {

using base::Duration;

OperationPtr make(Operation::Kind kind) {
  auto operation = std::make_shared<Operation>();
  operation->kind = kind;
  return operation;
}

Duration to_duration(Milliseconds ms) {
  // Far beyond all limits, and far from overflowing when it is added to.
  constexpr Milliseconds kMost = std::chrono::hours(24 * 365);
  return Duration::from_ms(std::clamp(ms, -kMost, kMost).count());
}

void set_wait(Operation& operation, std::optional<Milliseconds> wait, bool waits_by_default) {
  operation.is_endless = !wait && waits_by_default;
  operation.wait_asked = to_duration(wait.value_or(waits_by_default ? kWaitMax : Milliseconds(0)));
  operation.wait = operation.wait_asked;
  operation.has_ticket = operation.wait > Duration();
}

Error invalid(std::string_view what) { return {ErrorCode::Invalid, fmt::format("ERR {}", what)}; }

std::optional<Error> fault_of_acquire(const Operation& operation) {
  const AcquireOptions& options = operation.options;
  const bool is_named =
      operation.wanted == HoldKind::Task ? !operation.argv.empty() : !operation.keys.empty();
  if (!is_named) return invalid("there is no key to lock");
  if (operation.permits < 1) return invalid("permits are at least 1");
  if (operation.limit && *operation.limit < 1) return invalid("a limit is at least 1");
  if (options.priority < 0 || options.priority > 9) return invalid("priority is from 0 to 9");
  if (options.lease && options.lease->count() <= 0) return invalid("a lease is longer than 0 ms");
  if (options.preempt && options.preempt->count() < 0) return invalid("a grace is 0 ms or more");
  if (options.loss_delay.count() < 0) return invalid("a delay is 0 ms or more");
  if (options.within && options.within->count() < 0) return invalid("within is 0 ms or more");
  return std::nullopt;
}

std::optional<Error> fault_of_conversion(const Operation& operation) {
  if (operation.hold->kind != HoldKind::Lock) return invalid("only a lock can be converted");
  if (std::ranges::count(operation.hold->keys, operation.key) == 0) {
    return invalid(fmt::format("'{}' is no key of this grant", operation.key));
  }
  return std::nullopt;
}

}  // namespace

OperationPtr make_ready() { return make(Operation::Kind::Ready); }

OperationPtr make_acquire(std::vector<Key> keys, AcquireOptions options, bool waits_by_default) {
  auto operation = make(Operation::Kind::Acquire);
  operation->keys = std::move(keys);
  set_wait(*operation, options.wait, waits_by_default);
  operation->options = std::move(options);
  operation->is_numbered = true;
  return operation;
}

OperationPtr make_sem_acquire(std::string key, std::optional<int> limit, int permits,
                              AcquireOptions options, bool waits_by_default) {
  auto operation = make_acquire({Key(std::move(key))}, std::move(options), waits_by_default);
  operation->wanted = HoldKind::Semaphore;
  operation->limit = limit;
  operation->permits = permits;
  return operation;
}

OperationPtr make_campaign(std::string name, std::string value, AcquireOptions options,
                           bool waits_by_default) {
  auto operation = make_acquire({Key(std::move(name))}, std::move(options), waits_by_default);
  operation->wanted = HoldKind::Leadership;
  operation->value = std::move(value);
  return operation;
}

OperationPtr make_run(std::vector<std::string> words, AcquireOptions options,
                      bool waits_by_default) {
  auto operation = make_acquire({}, std::move(options), waits_by_default);
  operation->wanted = HoldKind::Task;
  operation->argv = std::move(words);
  return operation;
}

OperationPtr make_release(std::shared_ptr<Hold> hold, std::vector<std::string> words) {
  auto operation = make(Operation::Kind::Release);
  operation->hold = std::move(hold);
  operation->argv = std::move(words);
  operation->is_numbered = true;
  return operation;
}

OperationPtr make_finish(std::shared_ptr<Hold> hold, std::vector<std::string> words) {
  auto operation = make(Operation::Kind::Finish);
  operation->hold = std::move(hold);
  operation->argv = std::move(words);
  operation->is_numbered = true;
  return operation;
}

OperationPtr make_renew(std::shared_ptr<Hold> hold, Duration lease) {
  auto operation = make(Operation::Kind::Renew);
  operation->hold = std::move(hold);
  operation->lease = lease;
  operation->is_numbered = true;
  return operation;
}

OperationPtr make_check(std::shared_ptr<Hold> hold) {
  auto operation = make(Operation::Kind::Check);
  operation->hold = std::move(hold);
  operation->is_read = true;
  return operation;
}

OperationPtr make_upgrade(std::shared_ptr<Hold> hold, std::string key,
                          std::optional<Milliseconds> wait, bool waits_by_default) {
  auto operation = make(Operation::Kind::Upgrade);
  operation->hold = std::move(hold);
  operation->key = std::move(key);
  set_wait(*operation, wait, waits_by_default);
  operation->is_numbered = true;
  return operation;
}

OperationPtr make_downgrade(std::shared_ptr<Hold> hold, std::string key) {
  auto operation = make(Operation::Kind::Downgrade);
  operation->hold = std::move(hold);
  operation->key = std::move(key);
  operation->is_numbered = true;
  return operation;
}

OperationPtr make_proclaim(std::shared_ptr<Hold> hold, std::string value) {
  auto operation = make(Operation::Kind::Proclaim);
  operation->hold = std::move(hold);
  operation->value = std::move(value);
  operation->is_numbered = true;
  return operation;
}

OperationPtr make_read(std::vector<std::string> argv) {
  auto operation = make(Operation::Kind::Command);
  operation->argv = std::move(argv);
  operation->is_read = true;
  return operation;
}

OperationPtr make_command(std::vector<std::string> argv, const CallOptions& options) {
  auto operation = make(Operation::Kind::Command);
  operation->argv = std::move(argv);
  operation->is_numbered = options.numbered;
  if (options.waits) {
    set_wait(*operation, options.wait, true);
    operation->is_endless = false;
    operation->has_ticket = true;
  }
  return operation;
}

OperationPtr make_wait(std::vector<std::string> argv, std::optional<Milliseconds> wait,
                       bool waits_by_default, bool (*is_sound)(const resp::Value&)) {
  auto operation = make(Operation::Kind::Wait);
  operation->argv = std::move(argv);
  operation->is_sound = is_sound;
  operation->is_numbered = true;
  operation->is_restartable = true;
  set_wait(*operation, wait, waits_by_default);
  return operation;
}

OperationPtr make_change(std::vector<std::string> argv, bool (*is_sound)(const resp::Value&)) {
  auto operation = make_command(std::move(argv), {.numbered = true});
  operation->is_sound = is_sound;
  return operation;
}

std::optional<Error> find_fault(const Operation& operation) {
  if (operation.wait < Duration() || operation.wait > to_duration(kWaitMax)) {
    return invalid("a wait is from 0 ms to 24 h");
  }
  switch (operation.kind) {
    case Operation::Kind::Acquire: return fault_of_acquire(operation);
    case Operation::Kind::Upgrade:
    case Operation::Kind::Downgrade: return fault_of_conversion(operation);
    case Operation::Kind::Check:
      if (operation.hold->kind == HoldKind::Lock) return std::nullopt;
      return invalid("only the grant of a lock can be checked");
    case Operation::Kind::Renew:
      if (operation.hold->kind == HoldKind::Leadership) return invalid("a term has no lease");
      if (operation.lease <= Duration()) return invalid("a lease is longer than 0 ms");
      return std::nullopt;
    case Operation::Kind::Finish:
    case Operation::Kind::Wait:
    case Operation::Kind::Command:
      if (operation.argv.empty()) return invalid("a command has a name");
      return std::nullopt;
    case Operation::Kind::Ready:
    case Operation::Kind::Release:
    case Operation::Kind::Proclaim: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace turnstile::client
