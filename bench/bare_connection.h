// RESP without a library: one blocking socket, one request at a time. What it costs
// is close to what the least of clients would cost.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "resp/reply_parser.h"
#include "resp/value.h"

namespace bench {

enum class Session { Own, None };

/// A connection in RESP3, with a session of its own unless told otherwise, which ends with it. Not
/// thread-safe.
class BareConnection {
 public:
  /// Connects to 127.0.0.1 and opens the session. Throws std::system_error, or
  /// std::runtime_error if the server refuses.
  explicit BareConnection(std::uint16_t port, Session session = Session::Own);
  ~BareConnection();
  BareConnection(const BareConnection&) = delete;
  BareConnection& operator=(const BareConnection&) = delete;

  /// Sends one request and waits for its reply. Throws std::system_error if the connection
  /// breaks, std::runtime_error with the server's words if the reply is an error.
  resp::Value call(std::initializer_list<std::string_view> words);

  /// Sends one request and waits for nothing, so that the server reads several at once. Throws
  /// std::system_error if the connection breaks.
  void say(std::initializer_list<std::string_view> words);
  /// Puts a request behind those that flush() sends, so that many go out in one piece.
  void append(std::initializer_list<std::string_view> words);
  void flush();
  /// The reply to the oldest request whose reply was not read yet, an error too. Throws
  /// std::system_error if the connection breaks.
  resp::Value read();
  /// The next reply or push, whichever comes first. Throws as read().
  resp::Value read_anything();

 private:
  void send_all(std::string_view bytes);
  void receive();

  int socket_;
  std::string request_;
  resp::ReplyParser replies_;
};

}  // namespace bench
