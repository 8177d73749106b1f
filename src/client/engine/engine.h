// The bridge between the threads of a program and the one thread on which the
// conversation lives: calls go in through a queue, outcomes wake their callers.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "client/conversation/conversation.h"
#include "client/conversation/operation.h"
#include "client/session/listener.h"
#include "turnstile/client.h"
#include "turnstile/election.h"

namespace turnstile::client {

/// Thread-safe, except for the destructor.
class Engine {
 public:
  using Done = std::function<void(Outcome)>;
  using LeaderListener = std::shared_ptr<Listener<Leader>>;

  /// Starts the thread. Callbacks run on `executor`, or, if it is null, on another thread of
  /// the library. Throws std::system_error if the system has no thread left.
  Engine(Conversation::Settings settings, Executor executor);
  /// As close().
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Does it and waits for its outcome; withdraws it when `stop` is requested. Called on the
  /// library's own thread, from a callback, it fails with Invalid rather than wait for itself.
  Outcome perform(OperationPtr operation, std::stop_token stop = {});

  /// The same without waiting: `done` is called once, on the library's thread, or on this one
  /// if it is all over.
  void begin(OperationPtr operation, std::stop_token stop, Done done);

  /// Has it done some time; nobody waits for its outcome.
  void submit(OperationPtr operation);

  /// Ends the session and the thread; all later calls fail with Unavailable. On the
  /// library's own thread it only begins to.
  void close() noexcept;

  /// Null while there is none.
  std::shared_ptr<SessionLife> session() const;

  void on_notice(std::function<void(const Notice&)> listener);

  /// Tells who leads now and each change after that, over whatever connection. Waits for the
  /// server's first answer; an error means that nothing is observed.
  std::optional<Error> observe(const std::string& election, const LeaderListener& listener);
  void unobserve(const std::string& election, const LeaderListener& listener);

  const Executor& executor() const { return executor_; }

 private:
  class Core;

  const Executor executor_;
  std::shared_ptr<Core> core_;
  std::mutex thread_mutex_;
  std::thread thread_;
  std::thread::id thread_id_;
};

/// The server's value in the public form.
Reply to_reply(const resp::Value& value);

}  // namespace turnstile::client
