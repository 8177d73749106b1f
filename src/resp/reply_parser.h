// The client's side of RESP: bytes in any pieces become replies.
//
// Understands all of RESP2 and RESP3 except its streamed strings and
// aggregates, which no server sends. The server is not trusted: depth, elements
// and bytes of a reply are limited, nothing is allocated by a declared length,
// and the nesting lives in a vector and not on the stack.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resp/buffer.h"
#include "resp/value.h"

namespace resp {

/// What a reply may be at most. A value equal to the limit is allowed.
struct ReplyLimits {
  std::size_t depth = 32;                      ///< aggregates within one another
  std::size_t elements = 256 * 1024;           ///< of all aggregates of a reply; a pair is two
  std::size_t line_bytes = 64 * 1024;          ///< a simple string, error, number or length
  std::size_t bulk_bytes = 16 * 1024 * 1024;   ///< one bulk string
  std::size_t reply_bytes = 64 * 1024 * 1024;  ///< the whole reply, its attributes included
};

/// Parses the replies and pushes of one connection and owns its read buffer. Not thread-safe.
class ReplyParser {
 public:
  explicit ReplyParser(ReplyLimits limits = {});

  /// Returns room for at least `size` bytes to read into.
  std::span<char> prepare(std::size_t size);

  /// Adds the first `size` bytes of that room. After an error they are discarded.
  void commit(std::size_t size);

  /// Copies bytes in: prepare() and commit() for who has them elsewhere.
  void feed(std::string_view bytes);

  /// Returns the next complete reply or push, or nothing until more bytes come or after an
  /// error. The value is the caller's own.
  std::optional<Value> next();

  /// Empty, or one sentence that says what the server sent wrong, beginning with
  /// "invalid reply: ". An error is final: the connection cannot be used any more.
  const std::string& error() const { return error_; }

  /// Bytes that wait here and are not part of a value yet.
  std::size_t buffered() const { return buffer_.size(); }

  /// Bytes of the read buffer held, used or not.
  std::size_t capacity() const { return buffer_.capacity(); }

  /// Gives memory back if nothing is buffered, for a connection that falls idle.
  void trim() { buffer_.trim(); }

 private:
  /// An aggregate whose elements are not all there.
  struct Frame {
    Value value;
    std::size_t left = 0;
    bool is_attribute = false;
  };

  // Each returns true when it got on, and false when it needs bytes or has failed.
  bool step();
  bool read_line();
  bool read_bulk_body();
  bool on_line(char type, std::string_view text);
  bool on_integer(std::string_view text);
  bool on_bool(std::string_view text);
  bool on_number_text(Type type, std::string_view text);
  bool begin_bulk(char type, std::string_view text);
  bool begin_aggregate(char type, std::string_view text);
  bool deliver(Value value);
  bool deliver_text(Type type, std::string_view text);
  bool consume(std::size_t size);
  bool fail(std::string_view sentence);
  Value make(Type type);

  ReplyLimits limits_;
  Buffer buffer_;
  std::size_t scanned_ = 0;  ///< buffered bytes known to hold no line end
  char bulk_type_ = 0;       ///< of the bulk string begun: '$', '!' or '='; 0 if none is
  std::size_t bulk_size_ = 0;
  std::size_t reply_bytes_ = 0;  ///< taken so far for the reply begun
  std::size_t elements_ = 0;     ///< declared so far in the reply begun
  std::vector<Frame> frames_;
  std::vector<Value> pending_attributes_;  ///< of the value that comes next
  std::optional<Value> complete_;
  std::string error_;
};

}  // namespace resp
