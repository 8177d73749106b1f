// The queue of calls and the thread that serves it.
#include "client/engine/engine.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "client/engine/callback_thread.h"
#include "client/engine/clock.h"
#include "client/engine/observers.h"
#include "client/engine/shell.h"
#include "client/engine/signals_blocked.h"

namespace turnstile::client {
namespace {

/// Where a thread waits for its outcome. Shared by both, for that thread may go on before wake()
/// has ended.
class Waiter {
 public:
  void wake(Outcome outcome) {
    {
      const std::lock_guard lock(mutex_);
      outcome_ = std::move(outcome);
    }
    // After the lock, or who is woken on another processor would find it held and sleep again.
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

}  // namespace

/// What the thread and the callers share; outlives both.
class Engine::Core {
 public:
  explicit Core(Conversation::Settings settings)
      : shell_(io_, std::move(settings),
               {.on_session = [this](auto life) { set_session(std::move(life)); },
                .on_notice = [this](auto kind, const auto& value) { tell(kind, value); },
                .on_ready = [this] { observe_again(); }}) {}

  void run() {
    shell_.conversation().on_time(boot_now());
    shell_.pump();
    io_.run();
    fail_leftovers();
  }

  void put(OperationPtr operation, bool is_cancel) {
    std::unique_lock lock(mutex_);
    if (!is_over_) {
      inbox_.push_back({std::move(operation), is_cancel});
      const bool is_first = inbox_.size() == 1;
      lock.unlock();  // posting is a call of the kernel, for which the other threads need not wait
      if (is_first) boost::asio::post(io_, [this] { take_in(); });
      return;
    }
    lock.unlock();
    if (!is_cancel && operation->done) std::exchange(operation->done, nullptr)(closed_outcome());
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

  Observers& observers() { return observers_; }

  /// An operation that asks for an election and for its changes, and tells the observers.
  OperationPtr make_observe(const std::string& election) {
    auto operation = make_read({"ELECTION.OBSERVE", election, "ON"});
    operation->done = [this, election](const Outcome& outcome) {
      if (!outcome.error) observers_.tell(election, to_leader(to_reply(outcome.value)));
    };
    return operation;
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

  /// A new connection knows nothing of what was observed over the one before.
  void observe_again() {
    for (const std::string& election : observers_.elections()) put(make_observe(election), false);
  }

  void tell(std::string_view kind, const resp::Value& content) {
    if (kind == "leader") {
      const Reply reply = to_reply(content);
      observers_.tell(reply.text_of("election"), to_leader(reply));
    }
    // Held while the listener runs, so that whoever replaces it knows when it is done.
    const std::lock_guard lock(listener_mutex_);
    const auto listener = listener_;
    if (listener && *listener) (*listener)({std::string(kind), to_reply(content)});
  }

  Observers observers_;
  boost::asio::io_context io_{1};
  Shell shell_;

  mutable std::mutex mutex_;
  std::vector<Item> inbox_;
  bool is_over_ = false;
  std::shared_ptr<SessionLife> session_;

  std::recursive_mutex listener_mutex_;
  std::shared_ptr<std::function<void(const Notice&)>> listener_;
};

Engine::Engine(Conversation::Settings settings, Executor executor)
    : executor_(executor ? std::move(executor) : make_callback_thread()),
      core_(std::make_shared<Core>(std::move(settings))) {
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
  const auto waiter = std::make_shared<Waiter>();
  operation->done = [waiter, first = std::move(operation->done)](Outcome outcome) {
    if (first) first(outcome);
    waiter->wake(std::move(outcome));
  };
  core_->put(operation, false);
  // Asked only once the call is in the queue, so that the withdrawal comes behind it.
  const std::stop_callback on_stop(std::move(stop), [&] { core_->put(operation, true); });
  return waiter->wait();
}

void Engine::begin(OperationPtr operation, std::stop_token stop, Done done) {
  // The withdrawal must be over before `done` is called, and may begin before this returns.
  struct Withdrawal {
    using Callback = std::stop_callback<std::function<void()>>;
    std::mutex mutex;
    bool is_over = false;
    std::unique_ptr<Callback> callback;
  };
  const auto withdrawal = std::make_shared<Withdrawal>();
  operation->done = [withdrawal, done = std::move(done)](Outcome outcome) {
    std::unique_lock lock(withdrawal->mutex);
    withdrawal->is_over = true;
    auto callback = std::move(withdrawal->callback);
    lock.unlock();
    callback.reset();
    done(std::move(outcome));
  };
  core_->put(operation, false);
  if (!stop.stop_possible()) return;
  const std::function<void()> withdraw = [core = core_, operation] { core->put(operation, true); };
  const std::lock_guard lock(withdrawal->mutex);
  if (withdrawal->is_over) return;
  withdrawal->callback = std::make_unique<Withdrawal::Callback>(std::move(stop), withdraw);
}

std::optional<Error> Engine::observe(const std::string& election, const LeaderListener& listener) {
  core_->observers().add(election, listener);
  auto outcome = perform(core_->make_observe(election));
  if (outcome.error) core_->observers().remove(election, listener);
  return std::move(outcome.error);
}

void Engine::unobserve(const std::string& election, const LeaderListener& listener) {
  listener->end();
  if (!core_->observers().remove(election, listener)) return;
  submit(make_read({"ELECTION.OBSERVE", election, "OFF"}));
  // Somebody may have begun to observe it between the two.
  if (core_->observers().has(election)) submit(core_->make_observe(election));
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
