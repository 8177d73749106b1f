// The queue of calls and the thread that serves it.
#include "client/engine/engine.h"

#include <pthread.h>
#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "client/engine/clock.h"
#include "client/engine/shell.h"

namespace turnstile::client {
namespace {

/// Where a thread waits for its outcome.
class Waiter {
 public:
  void wake(Outcome outcome) {
    // Notified under the lock: the waiter may be gone as soon as it is released.
    const std::lock_guard lock(mutex_);
    outcome_ = std::move(outcome);
    woken_.notify_one();
  }
  Outcome wait() {
    std::unique_lock lock(mutex_);
    woken_.wait(lock, [this] { return outcome_.has_value(); });
    return std::move(*outcome_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable woken_;
  std::optional<Outcome> outcome_;
};

/// Blocks all signals while it lives, so that a thread started meanwhile takes none from
/// the program's own threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

/// What the thread and the callers share; outlives both.
class Engine::Core {
 public:
  explicit Core(Conversation::Settings settings)
      : shell_(io_, std::move(settings),
               {.on_session = [this](auto life) { set_session(std::move(life)); },
                .on_notice = [this](auto kind, const auto& value) { tell(kind, value); }}) {}

  void run() {
    shell_.conversation().on_time(boot_now());
    shell_.pump();
    io_.run();
    fail_leftovers();
  }

  void put(OperationPtr operation, bool is_cancel) {
    const std::unique_lock lock(mutex_);
    if (is_over_) {
      if (!is_cancel && operation->done) {
        std::exchange(operation->done, nullptr)(closed_outcome());
      }
      return;
    }
    inbox_.push_back({std::move(operation), is_cancel});
    if (inbox_.size() == 1) boost::asio::post(io_, [this] { take_in(); });
  }

  void ask_to_close() {
    boost::asio::post(io_, [this] {
      shell_.conversation().close(boot_now());
      shell_.pump();
    });
  }

  std::shared_ptr<SessionLife> session() const {
    const std::lock_guard lock(mutex_);
    return session_;
  }

  void set_listener(std::function<void(const Notice&)> listener) {
    auto shared = std::make_shared<std::function<void(const Notice&)>>(std::move(listener));
    const std::lock_guard lock(listener_mutex_);
    listener_ = std::move(shared);
  }

 private:
  struct Item {
    OperationPtr operation;
    bool is_cancel;
  };

  static Outcome closed_outcome() {
    return {.error = unavailable("the client was closed", false), .hold = nullptr, .value = {}};
  }

  /// All that has gathered goes into one write.
  void take_in() {
    std::vector<Item> items;
    {
      const std::lock_guard lock(mutex_);
      items.swap(inbox_);
    }
    const auto now = boot_now();
    for (auto& [operation, is_cancel] : items) {
      if (is_cancel) {
        shell_.conversation().cancel(now, operation);
      } else {
        shell_.conversation().start(now, std::move(operation));
      }
    }
    shell_.pump();
  }

  void fail_leftovers() {
    std::vector<Item> items;
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
      items.swap(inbox_);
    }
    for (auto& item : items) {
      if (item.is_cancel || !item.operation->done) continue;
      std::exchange(item.operation->done, nullptr)(closed_outcome());
    }
  }

  void set_session(std::shared_ptr<SessionLife> life) {
    const std::lock_guard lock(mutex_);
    session_ = std::move(life);
  }

  void tell(std::string_view kind, const resp::Value& content) {
    // Held while the listener runs, so that whoever replaces it knows when it is done.
    const std::lock_guard lock(listener_mutex_);
    const auto listener = listener_;
    if (listener && *listener) (*listener)({std::string(kind), to_reply(content)});
  }

  boost::asio::io_context io_{1};
  Shell shell_;

  mutable std::mutex mutex_;
  std::vector<Item> inbox_;
  bool is_over_ = false;
  std::shared_ptr<SessionLife> session_;

  std::recursive_mutex listener_mutex_;
  std::shared_ptr<std::function<void(const Notice&)>> listener_;
};

Engine::Engine(Conversation::Settings settings)
    : core_(std::make_shared<Core>(std::move(settings))) {
  const SignalsBlocked signals_blocked;
  thread_ = std::thread([core = core_] { core->run(); });
  thread_id_ = thread_.get_id();
}

Engine::~Engine() {
  close();
  if (thread_.joinable()) thread_.detach();
}

Outcome Engine::perform(OperationPtr operation, std::stop_token stop) {
  if (std::this_thread::get_id() == thread_id_) {
    const Error error(ErrorCode::Invalid, "ERR a callback of the library must not call it");
    return {.error = error, .hold = nullptr, .value = {}};
  }
  Waiter waiter;
  operation->done = [&waiter](Outcome outcome) { waiter.wake(std::move(outcome)); };
  core_->put(operation, false);
  // Asked only once the call is in the queue, so that the withdrawal comes behind it.
  const std::stop_callback on_stop(std::move(stop), [&] { core_->put(operation, true); });
  return waiter.wait();
}

void Engine::submit(OperationPtr operation) { core_->put(std::move(operation), false); }

void Engine::close() noexcept {
  core_->ask_to_close();
  if (std::this_thread::get_id() == thread_id_) return;
  const std::lock_guard lock(thread_mutex_);
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<SessionLife> Engine::session() const { return core_->session(); }

void Engine::on_notice(std::function<void(const Notice&)> listener) {
  core_->set_listener(std::move(listener));
}

}  // namespace turnstile::client
