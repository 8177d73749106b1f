// How each kind of call is set up, and what is refused without asking the server.
#include "client/conversation/operation.h"

#include <fmt/format.h>

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
  if (operation.keys.empty()) return invalid("there is no key to lock");
  if (options.priority < 0 || options.priority > 9) return invalid("priority is from 0 to 9");
  if (options.lease && options.lease->count() <= 0) return invalid("a lease is longer than 0 ms");
  if (options.preempt && options.preempt->count() < 0) return invalid("a grace is 0 ms or more");
  if (options.loss_delay.count() < 0) return invalid("a delay is 0 ms or more");
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

OperationPtr make_release(std::shared_ptr<Hold> hold) {
  auto operation = make(Operation::Kind::Release);
  operation->hold = std::move(hold);
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

std::optional<Error> find_fault(const Operation& operation) {
  if (operation.wait < Duration() || operation.wait > to_duration(kWaitMax)) {
    return invalid("a wait is from 0 ms to 24 h");
  }
  if (operation.kind == Operation::Kind::Acquire) return fault_of_acquire(operation);
  if (operation.kind == Operation::Kind::Renew && operation.lease <= Duration()) {
    return invalid("a lease is longer than 0 ms");
  }
  if (operation.kind == Operation::Kind::Command && operation.argv.empty()) {
    return invalid("a command has a name");
  }
  return std::nullopt;
}

}  // namespace turnstile::client
