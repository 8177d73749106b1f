// Acquisition and waiting as asynchronous operations of Boost.Asio, for coroutines and all other
// completion tokens. The only header of the library that needs Boost (1.81 or later).
//
//     asio::awaitable<void> settle(turnstile::Client& client) {
//       const turnstile::AcquireOptions options{.agent = "payment 88"};
//       turnstile::Grant grant = co_await turnstile::async_lock(
//           client, "account/7", options, asio::use_awaitable);
//       …
//     }
//
// The options have a name there on purpose: g++ before 13 destroys what is made by braces inside
// a co_await expression twice. They may also be left out.
//
// No thread waits. Handlers run on their associated executor. Cancellation of any type
// through the associated slot withdraws the wait: the operation ends with Cancelled, or
// with the grant, if that came first. The execution context must outlive the Client, whose
// thread may still be leaving it when an operation has completed; Client::close() ends all
// operations with Unavailable.
//
// Each operation has two forms: async_lock() completes with (std::exception_ptr, Grant), so
// that co_await throws turnstile::Error; async_try_lock() completes with Result<Grant>,
// and waits only if AcquireOptions::wait is set. AcquireOptions::stop works, too, unless the
// completion has a cancellation slot, which takes its place.
//
// A coroutine is no thread: name it in AcquireOptions::agent to have deadlocks
// found in which it is involved.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "turnstile/attempt.h"
#include "turnstile/client.h"
#include "turnstile/election.h"
#include "turnstile/event.h"
#include "turnstile/flow.h"
#include "turnstile/grant.h"
#include "turnstile/options.h"
#include "turnstile/semaphore.h"
#include "turnstile/task_options.h"

namespace turnstile {

namespace client {

/// One operation under way: its handler, kept until it is called on its own executor.
template <class Handler, class T>
class AsioOperation : public std::enable_shared_from_this<AsioOperation<Handler, T>> {
 public:
  /// Calls a handler with what came of it.
  using Complete = void (*)(Handler handler, Result<T> result);

  AsioOperation(Handler handler, Complete how)
      : handler_(std::move(handler)),
        complete_(how),
        work_(boost::asio::make_work_guard(handler_)) {}

  /// Connects the handler's cancellation slot, if it has one, to the options.
  template <class AnyOptions>
  void watch(AnyOptions& options) {
    auto slot = boost::asio::get_associated_cancellation_slot(handler_);
    if (!slot.is_connected()) return;
    options.stop = stop_.get_token();
    slot.assign([stop = stop_](boost::asio::cancellation_type type) mutable {
      if (type != boost::asio::cancellation_type::none) stop.request_stop();
    });
  }

  /// Called on a thread of the library's; the slot and the handler belong to the executor.
  void finish(Result<T> result) {
    auto executor = work_.get_executor();
    boost::asio::post(executor,
                      [self = this->shared_from_this(), result = std::move(result)]() mutable {
                        self->complete(std::move(result));
                      });
  }

 private:
  void complete(Result<T> result) {
    auto slot = boost::asio::get_associated_cancellation_slot(handler_);
    if (slot.is_connected()) slot.clear();
    Handler handler = std::move(handler_);
    work_.reset();
    complete_(std::move(handler), std::move(result));
  }

  Handler handler_;
  const Complete complete_;
  boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> work_;
  std::stop_source stop_;
};

/// `start(options, done)` begins it. Completes with (std::exception_ptr, T).
template <class T, class Start, class AnyOptions, class Token>
auto async_or_throw(Start start, AnyOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(std::exception_ptr, T)>(
      []<class Handler>(Handler handler, Start begin, AnyOptions with) {
        const auto operation = std::make_shared<AsioOperation<Handler, T>>(
            std::move(handler), +[](Handler last, Result<T> result) {
              if (result) return std::move(last)(std::exception_ptr(), *std::move(result));
              std::move(last)(std::make_exception_ptr(result.error()), T());
            });
        operation->watch(with);
        begin(std::move(with), [operation](Result<T> r) { operation->finish(std::move(r)); });
      },
      token, std::move(start), std::move(options));
}

/// The same, but completes with (Result<T>), and does not wait unless told to.
template <class T, class Start, class AnyOptions, class Token>
auto async_or_result(Start start, AnyOptions options, Token&& token) {
  if (!options.wait) options.wait = Milliseconds(0);
  return boost::asio::async_initiate<Token, void(Result<T>)>(
      []<class Handler>(Handler handler, Start begin, AnyOptions with) {
        const auto operation = std::make_shared<AsioOperation<Handler, T>>(
            std::move(handler),
            +[](Handler last, Result<T> result) { std::move(last)(std::move(result)); });
        operation->watch(with);
        begin(std::move(with), [operation](Result<T> r) { operation->finish(std::move(r)); });
      },
      token, std::move(start), std::move(options));
}

// What begins each of them. A Client must live until then: with lazy tokens, such as
// use_awaitable, that is when the result is awaited.

inline auto begin_lock(Client& client, std::vector<Key> keys) {
  return [&client, keys = std::move(keys)](AcquireOptions options, auto done) mutable {
    client.lock_all_then(std::move(keys), std::move(options), std::move(done));
  };
}

inline auto begin_permits(Semaphore semaphore, int permits) {
  return [semaphore = std::move(semaphore), permits](AcquireOptions options, auto done) mutable {
    semaphore.acquire_then(permits, std::move(options), std::move(done));
  };
}

inline auto begin_campaign(Election election, std::string value) {
  return [election = std::move(election), value = std::move(value)](AcquireOptions options,
                                                                    auto done) mutable {
    election.campaign_then(std::move(value), std::move(options), std::move(done));
  };
}

inline auto begin_join(Flow flow, std::string task, TaskOptions declaration) {
  return [flow = std::move(flow), task = std::move(task), declaration = std::move(declaration)](
             RunOptions options, auto done) mutable {
    flow.join_then(task, std::move(declaration), std::move(options), std::move(done));
  };
}

inline auto begin_take(Client& client, std::vector<std::string> tasks) {
  return [&client, tasks = std::move(tasks)](TakeOptions options, auto done) mutable {
    client.take_then(std::move(tasks), std::move(options), std::move(done));
  };
}

inline auto begin_wait(Event event, std::optional<std::uint64_t> after) {
  return [event = std::move(event), after](WaitOptions options, auto done) mutable {
    event.wait_then(after, std::move(options), std::move(done));
  };
}

}  // namespace client

// --- locks: as Client::lock() and Client::lock_all(). The Client must live until it begins.

template <class Token>
auto async_lock(Client& client, std::string_view key, AcquireOptions options, Token&& token) {
  return client::async_or_throw<Grant>(client::begin_lock(client, {Key(key)}), std::move(options),
                                       std::forward<Token>(token));
}
template <class Token>
auto async_lock(Client& client, std::string_view key, Token&& token) {
  return async_lock(client, key, AcquireOptions(), std::forward<Token>(token));
}

template <class Token>
auto async_try_lock(Client& client, std::string_view key, AcquireOptions options, Token&& token) {
  return client::async_or_result<Grant>(client::begin_lock(client, {Key(key)}), std::move(options),
                                        std::forward<Token>(token));
}
template <class Token>
auto async_try_lock(Client& client, std::string_view key, Token&& token) {
  return async_try_lock(client, key, AcquireOptions(), std::forward<Token>(token));
}

template <class Token>
auto async_lock_all(Client& client, std::vector<Key> keys, AcquireOptions options, Token&& token) {
  return client::async_or_throw<Grant>(client::begin_lock(client, std::move(keys)),
                                       std::move(options), std::forward<Token>(token));
}
template <class Token>
auto async_lock_all(Client& client, std::vector<Key> keys, Token&& token) {
  return async_lock_all(client, std::move(keys), AcquireOptions(), std::forward<Token>(token));
}

template <class Token>
auto async_try_lock_all(Client& client, std::vector<Key> keys, AcquireOptions options,
                        Token&& token) {
  return client::async_or_result<Grant>(client::begin_lock(client, std::move(keys)),
                                        std::move(options), std::forward<Token>(token));
}
template <class Token>
auto async_try_lock_all(Client& client, std::vector<Key> keys, Token&& token) {
  return async_try_lock_all(client, std::move(keys), AcquireOptions(), std::forward<Token>(token));
}

// --- semaphores: as Semaphore::acquire(), with these options instead of its own

template <class Token>
auto async_acquire(const Semaphore& semaphore, int permits, AcquireOptions options, Token&& token) {
  return client::async_or_throw<Grant>(client::begin_permits(semaphore, permits),
                                       std::move(options), std::forward<Token>(token));
}
template <class Token>
auto async_acquire(const Semaphore& semaphore, int permits, Token&& token) {
  return async_acquire(semaphore, permits, semaphore.options(), std::forward<Token>(token));
}

template <class Token>
auto async_try_acquire(const Semaphore& semaphore, int permits, AcquireOptions options,
                       Token&& token) {
  return client::async_or_result<Grant>(client::begin_permits(semaphore, permits),
                                        std::move(options), std::forward<Token>(token));
}
template <class Token>
auto async_try_acquire(const Semaphore& semaphore, int permits, Token&& token) {
  return async_try_acquire(semaphore, permits, semaphore.options(), std::forward<Token>(token));
}

// --- elections: as Election::campaign()

template <class Token>
auto async_campaign(const Election& election, std::string value, AcquireOptions options,
                    Token&& token) {
  return client::async_or_throw<Leadership>(client::begin_campaign(election, std::move(value)),
                                            std::move(options), std::forward<Token>(token));
}
template <class Token>
auto async_campaign(const Election& election, std::string value, Token&& token) {
  return async_campaign(election, std::move(value), AcquireOptions(), std::forward<Token>(token));
}

template <class Token>
auto async_try_campaign(const Election& election, std::string value, AcquireOptions options,
                        Token&& token) {
  return client::async_or_result<Leadership>(client::begin_campaign(election, std::move(value)),
                                             std::move(options), std::forward<Token>(token));
}
template <class Token>
auto async_try_campaign(const Election& election, std::string value, Token&& token) {
  return async_try_campaign(election, std::move(value), AcquireOptions(),
                            std::forward<Token>(token));
}

// --- tasks: as Flow::join() and Client::take(). The Client must live until it begins.

template <class Token>
auto async_join(const Flow& flow, std::string task, TaskOptions declaration, RunOptions options,
                Token&& token) {
  return client::async_or_throw<Attempt>(
      client::begin_join(flow, std::move(task), std::move(declaration)), std::move(options),
      std::forward<Token>(token));
}
template <class Token>
auto async_try_join(const Flow& flow, std::string task, TaskOptions declaration, RunOptions options,
                    Token&& token) {
  return client::async_or_result<Attempt>(
      client::begin_join(flow, std::move(task), std::move(declaration)), std::move(options),
      std::forward<Token>(token));
}

template <class Token>
auto async_take(Client& client, std::vector<std::string> tasks, TakeOptions options,
                Token&& token) {
  return client::async_or_throw<Attempt>(client::begin_take(client, std::move(tasks)),
                                         std::move(options), std::forward<Token>(token));
}
template <class Token>
auto async_try_take(Client& client, std::vector<std::string> tasks, TakeOptions options,
                    Token&& token) {
  return client::async_or_result<Attempt>(client::begin_take(client, std::move(tasks)),
                                          std::move(options), std::forward<Token>(token));
}

// --- events: as Event::wait(), and as Event::wait_after() if there is an `after`

template <class Token>
auto async_wait(const Event& event, std::optional<std::uint64_t> after, WaitOptions options,
                Token&& token) {
  return client::async_or_throw<Event::Signal>(client::begin_wait(event, after), std::move(options),
                                               std::forward<Token>(token));
}
template <class Token>
auto async_try_wait(const Event& event, std::optional<std::uint64_t> after, WaitOptions options,
                    Token&& token) {
  return client::async_or_result<Event::Signal>(client::begin_wait(event, after),
                                                std::move(options), std::forward<Token>(token));
}

}  // namespace turnstile
