// An answer of the server that the library has no type of its own for: a small
// tree of values, as they stand on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace turnstile {

/// A value, freely copied. Thread-safety: as a std::vector.
struct Reply {
  enum class Kind {
    Nil,
    Boolean,  ///< `integer` is 1 or 0
    Integer,  ///< `integer`
    Double,   ///< `number`
    Text,     ///< `text`: a simple, bulk or verbatim string, or a big number
    Error,    ///< `text`: an error inside an array; an error reply as a whole is thrown
    Array,    ///< `items`; sets too
    Map,      ///< `items`: key, value, key, value …
  };

  Kind kind = Kind::Nil;
  std::int64_t integer = 0;
  double number = 0;
  std::string text;
  std::vector<Reply> items;

  bool is_nil() const { return kind == Kind::Nil; }

  /// The value of a key of a map, or null if there is none. Lives as long as this Reply.
  const Reply* find(std::string_view key) const;

  /// The integer of that key of a map, or `otherwise` if it has none or it is not a number.
  std::int64_t integer_of(std::string_view key, std::int64_t otherwise = 0) const;

  /// The text of that key of a map, or nothing if it has none or it is not a text.
  std::string_view text_of(std::string_view key) const;
};

/// For people: one line per value, nested ones indented, map keys before a colon.
std::string to_text(const Reply& reply);

}  // namespace turnstile
