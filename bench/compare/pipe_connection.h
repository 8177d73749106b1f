// Batches of RESP2 requests with as little work as there can be on the client's side, so that it
// is the server that is measured: hiredis spends more time on a batch than some servers do. Redis
// and Turnstile are both spoken to through this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace bench {

/// A blocking connection to 127.0.0.1 with TCP_NODELAY. Not thread-safe. Everything throws
/// std::system_error if the connection breaks.
class PipeConnection {
 public:
  explicit PipeConnection(std::uint16_t port);
  ~PipeConnection();
  PipeConnection(const PipeConnection&) = delete;
  PipeConnection& operator=(const PipeConnection&) = delete;

  /// Puts a request behind those that flush() sends.
  void append(std::initializer_list<std::string_view> words);
  void flush();

  /// The bytes of the next reply; they live until the next call. Throws std::runtime_error with
  /// the server's words if it is an error.
  std::string_view read();

  /// One request and its reply.
  std::string_view call(std::initializer_list<std::string_view> words);

 private:
  void receive();

  int socket_;
  std::string out_;
  std::string in_;
  std::size_t at_ = 0;  ///< of the next reply in in_
};

}  // namespace bench
