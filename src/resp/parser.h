// The server's side of RESP: bytes in any pieces become requests.
//
// A request is an array of bulk strings, as every Redis client sends it, or an
// inline command, a line as a person types it into telnet. The two may alternate
// on one connection. What has been parsed of a request that is not complete is
// remembered, so each byte is looked at once, however it arrives.
//
// The grammar is that of Redis, with these differences, all for safety:
//   - a limit is checked before anything is kept because of the length that it
//     limits, and there is one for the whole request, too;
//   - the CRLF behind a bulk string must be there;
//   - what cannot become a request is refused at the first wrong byte;
//   - an inline command that is really a line of HTTP ends the connection, so
//     that a web page cannot make a browser send commands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resp/buffer.h"

namespace resp {

/// What a request may be at most. A value equal to the limit is allowed.
struct RequestLimits {
  std::size_t arguments = 1024;            ///< the command's name included
  std::size_t argument_bytes = 64 * 1024;  ///< one argument
  std::size_t request_bytes = 256 * 1024;  ///< all of an array, framing included; < 4 GiB
  std::size_t inline_bytes = 4 * 1024;     ///< an inline line without its end; 0 refuses them all
  bool unauthenticated = false;            ///< says so in the errors, in Redis's words
};

/// One request: its arguments. Never empty.
using Request = std::span<const std::string_view>;

/// Parses the requests of one connection and owns its read buffer. Not thread-safe.
///
///     auto room = parser.prepare(16 * 1024);
///     parser.commit(socket.read(room));
///     while (auto request = parser.next()) serve(*request);
///     if (!parser.error().empty()) refuse_and_close(parser.error());
class Parser {
 public:
  explicit Parser(RequestLimits limits = {});

  /// Returns room for at least `size` bytes to read into. Ends the life of the last request.
  std::span<char> prepare(std::size_t size);

  /// Adds the first `size` bytes of that room. After an error they are discarded.
  void commit(std::size_t size);

  /// Copies bytes in: prepare() and commit() for who has them elsewhere.
  void feed(std::string_view bytes);

  /// Returns the next complete request, or nothing until more bytes come or after an error.
  /// The request and its strings live until the next call of prepare(), feed(), next() or
  /// trim(). Empty arrays, null arrays and empty lines are skipped, as in Redis.
  std::optional<Request> next();

  /// Empty, or one sentence for the client, beginning with "Protocol error: ". An error is
  /// final: the start of the next request cannot be known. The sentences:
  ///   invalid multibulk length           a wrong or too large count
  ///   unauthenticated multibulk length   too large a count, if `unauthenticated`
  ///   expected '$', got 'x'
  ///   invalid bulk length                a wrong, negative or too large length
  ///   unauthenticated bulk length        too large a length, if `unauthenticated`
  ///   expected CRLF after a bulk string
  ///   too big request
  ///   expected '*', got 'x'              an inline command where they are refused
  ///   too big inline request             too long a line, or too many words
  ///   unbalanced quotes in request
  ///   this is not an HTTP server
  const std::string& error() const { return error_; }

  /// Changes the limits for the bytes not parsed yet, as after an AUTH.
  void set_limits(RequestLimits limits);

  /// Bytes that wait here and belong to no request handed out. Who has called next() until
  /// nothing came has at most one incomplete request here.
  std::size_t buffered() const { return buffer_.size() - (handed_out_ ? cursor_ : 0); }

  /// Bytes of memory held, used or not.
  std::size_t capacity() const;

  /// Gives memory back if nothing is buffered, for a connection that falls idle.
  void trim();

 private:
  /// Where an argument lies, counted from the request's first byte: the buffer may move.
  struct Part {
    std::uint32_t offset;
    std::uint32_t size;
  };
  enum class Step {
    NeedsBytes,
    Continues,
    Complete,
    Failed,
  };

  Step begin_request();
  Step read_array_header();
  Step read_elements();
  Step read_bulk_header(std::string_view rest);
  Step read_inline();
  Step skip(std::size_t size);
  Step complete();
  Step fail(std::string_view sentence);
  Step fail_got(char expected, char got);
  void forget_handed_out();
  void free_parts();

  RequestLimits limits_;
  Buffer buffer_;
  std::size_t cursor_ = 0;         ///< the first byte not parsed, from the buffer's front
  std::size_t elements_left_ = 0;  ///< of the array begun; 0 between requests
  std::int64_t bulk_size_ = -1;    ///< of the bulk string begun; -1 if its header is next
  bool handed_out_ = false;  ///< the bytes before cursor_ are the caller's until the next call
  std::vector<Part> parts_;
  std::vector<std::string_view> args_;
  std::string error_;
};

}  // namespace resp
