// The one door between the public classes and the engine behind them, so that the
// headers name one friend.
#pragma once

#include <memory>
#include <utility>

#include "client/conversation/operation.h"
#include "client/engine/engine.h"
#include "turnstile/attempt.h"
#include "turnstile/client.h"
#include "turnstile/grant.h"

namespace turnstile::client {

struct Access {
  static const std::shared_ptr<Engine>& engine(const Client& client) { return client.engine_; }

  /// Of an acquisition's outcome. The engine is that which performed it.
  static Result<Grant> to_grant(const std::shared_ptr<Engine>& engine, Outcome outcome) {
    if (outcome.error) return std::move(*outcome.error);
    return Grant(engine, std::move(outcome.hold));
  }

  static Result<Attempt> to_attempt(const std::shared_ptr<Engine>& engine, Outcome outcome) {
    if (outcome.error) return std::move(*outcome.error);
    return Attempt(engine, std::move(outcome.hold));
  }

  static const std::shared_ptr<Hold>& hold(const Attempt& attempt) { return attempt.hold_; }

  static const std::shared_ptr<Engine>& engine(const Grant& grant) { return grant.engine_; }
  static const std::shared_ptr<Hold>& hold(const Grant& grant) { return grant.hold_; }
};

/// Does it and waits, withdrawing it when `options.stop` says so.
inline Result<Grant> perform_acquire(const std::shared_ptr<Engine>& engine,
                                     OperationPtr operation) {
  auto stop = operation->options.stop;
  return Access::to_grant(engine, engine->perform(std::move(operation), std::move(stop)));
}

/// The same without waiting; see Engine::begin().
inline void begin_acquire(const std::shared_ptr<Engine>& engine, OperationPtr operation,
                          std::function<void(Result<Grant>)> done) {
  auto stop = operation->options.stop;
  engine->begin(std::move(operation), std::move(stop),
                [engine, done = std::move(done)](Outcome outcome) {
                  done(Access::to_grant(engine, std::move(outcome)));
                });
}

inline Result<Attempt> perform_run(const std::shared_ptr<Engine>& engine, OperationPtr operation) {
  auto stop = operation->options.stop;
  return Access::to_attempt(engine, engine->perform(std::move(operation), std::move(stop)));
}

inline void begin_run(const std::shared_ptr<Engine>& engine, OperationPtr operation,
                      std::function<void(Result<Attempt>)> done) {
  auto stop = operation->options.stop;
  engine->begin(std::move(operation), std::move(stop),
                [engine, done = std::move(done)](Outcome outcome) {
                  done(Access::to_attempt(engine, std::move(outcome)));
                });
}

/// The outcome of a call that only succeeds or fails.
inline Result<bool> to_success(Outcome outcome) {
  if (outcome.error) return std::move(*outcome.error);
  return true;
}

/// Of a call that is answered by an integer.
template <class Number>
Result<Number> to_number(Outcome outcome) {
  if (outcome.error) return std::move(*outcome.error);
  return static_cast<Number>(outcome.value.integer);
}

/// What an answer that only has to be of one kind must be.
inline bool is_integer(const resp::Value& value) { return value.type == resp::Type::Integer; }
inline bool is_simple(const resp::Value& value) { return value.type == resp::Type::Simple; }

inline Result<Reply> to_result(Outcome outcome) {
  if (outcome.error) return std::move(*outcome.error);
  return to_reply(outcome.value);
}

}  // namespace turnstile::client
