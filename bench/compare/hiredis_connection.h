// RESP2 through hiredis, the C client of Redis. Redis and Turnstile are both spoken to through it,
// so that no difference between them is one between their clients.
#pragma once

#include <hiredis/hiredis.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace bench {

/// A blocking connection. Not thread-safe. Everything throws std::runtime_error if the connection
/// breaks or the server answers with an error.
class HiredisConnection {
 public:
  using Reply = std::unique_ptr<redisReply, void (*)(void*)>;

  /// Connects to 127.0.0.1; hiredis sets TCP_NODELAY.
  explicit HiredisConnection(std::uint16_t port);

  /// Sends one request and waits for its reply.
  Reply call(std::initializer_list<std::string_view> words);

  /// Puts a request behind those that the next read() sends.
  void append(std::initializer_list<std::string_view> words);
  /// Sends what was appended, if anything was, and waits for the next reply.
  Reply read();
  /// Sends what was appended without waiting for replies.
  void send();

  /// Of the socket, for shutting it down from another thread.
  int file_descriptor() const { return context_->fd; }

 private:
  struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  std::unique_ptr<redisContext, Free> context_;
};

/// The string that a reply is. Throws std::runtime_error if it is none.
std::string_view text_of(const redisReply& reply);

}  // namespace bench
