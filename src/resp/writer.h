// Replies as bytes, in RESP2 or RESP3.
//
// The caller says what a reply is and the writer says it in the connection's
// version: a map is a map in RESP3 and a flat array in RESP2, so that the rest
// of the program never asks which version it speaks.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace resp {

/// Appends replies to a string it does not own. Not thread-safe. The headers
/// are promises: after array(n) the caller writes n values, after map(n) and
/// attribute(n) n keys and n values.
class Writer {
 public:
  /// `version` is 2 or 3. `out` outlives the writer; what it holds is kept.
  Writer(std::string& out, int version);

  int version() const { return version_; }

  /// A short text without framing of its own: control characters become spaces.
  void simple(std::string_view text);
  /// A refusal, "CODE sentence": control characters become spaces.
  void error(std::string_view text);
  /// Any integer that fits 64 signed bits, all that RESP can say.
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  void integer(T value) {
    CHECK(std::in_range<std::int64_t>(value));
    number(':', static_cast<std::int64_t>(value));
  }
  /// Any bytes.
  void bulk(std::string_view bytes);
  void null();
  /// 1 or 0 in RESP2.
  void boolean(bool value);

  void array(std::size_t count);
  /// `count` pairs of key and value; in RESP2 an array of twice as many.
  void map(std::size_t count);
  /// An array in RESP2.
  void set(std::size_t count);
  /// A message nobody asked for. RESP3 only.
  void push(std::size_t count);
  /// `count` pairs that go before the reply they tell about. RESP3 only.
  void attribute(std::size_t count);

 private:
  template <class Put>
  void append(std::size_t most, Put put);
  void number(char type, std::int64_t value);
  void header(char type, std::size_t count);
  void line(char type, std::string_view text);

  std::string& out_;
  int version_;
};

}  // namespace resp
