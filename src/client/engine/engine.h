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
#include "turnstile/client.h"

namespace turnstile::client {

/// Thread-safe, except for the destructor.
class Engine {
 public:
  /// Starts the thread. Throws std::system_error if the system has none left.
  explicit Engine(Conversation::Settings settings);
  /// As close().
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Does it and waits for its outcome; withdraws it when `stop` is requested. Called on the
  /// library's own thread, from a callback, it fails with Invalid rather than wait for itself.
  Outcome perform(OperationPtr operation, std::stop_token stop = {});

  /// Has it done some time; nobody waits for its outcome.
  void submit(OperationPtr operation);

  /// Ends the session and the thread; all later calls fail with Unavailable. On the
  /// library's own thread it only begins to.
  void close() noexcept;

  /// Null while there is none.
  std::shared_ptr<SessionLife> session() const;

  void on_notice(std::function<void(const Notice&)> listener);

 private:
  class Core;

  std::shared_ptr<Core> core_;
  std::mutex thread_mutex_;
  std::thread thread_;
  std::thread::id thread_id_;
};

/// The server's value in the public form.
Reply to_reply(const resp::Value& value);

}  // namespace turnstile::client
