// A reply as a tree, the same for RESP2 and RESP3.
//
// What differs between the versions only in form reads alike here: a map and a
// flat array of pairs are both searched with find(), a simple string and a bulk
// string are both text. An error never passes for anything else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace resp {

enum class Type : std::uint8_t {
  Null,
  Bool,       ///< `integer` is 0 or 1
  Integer,    ///< `integer`
  Double,     ///< `text`, as it came
  BigNumber,  ///< `text`, an optional sign and digits
  Simple,     ///< `text`
  Bulk,       ///< `text`
  Verbatim,   ///< `text`, without its three letters of format
  Error,      ///< `text`: a code, a space and a sentence
  Array,      ///< `items`
  Set,        ///< `items`
  Push,       ///< `items`, the first of which says what kind of push it is
  Map,        ///< `items`: a key, its value, the next key, …
};

/// One reply or a part of one. Owns all it holds. Safe to read from many threads.
struct Value {
  Type type = Type::Null;
  std::int64_t integer = 0;
  std::string text = {};
  std::vector<Value> items = {};
  /// What the server told about this value in an attribute (RESP3): a key, its value, …
  std::vector<Value> attributes = {};

  bool is_null() const { return type == Type::Null; }
  bool is_error() const { return type == Type::Error; }
  bool is_push() const { return type == Type::Push; }

  /// The first word of an error, e.g. "BUSY"; empty if this is none.
  std::string_view error_code() const;

  /// An integer, a bool as 1 or 0, or a text that is a decimal integer of 64 bits; else nothing.
  std::optional<std::int64_t> as_integer() const;

  /// A double, an integer, or a text that is a number; else nothing.
  std::optional<double> as_double() const;

  /// The text of a string or number kept as text; nothing for all else, errors included.
  /// Lives as long as this value.
  std::optional<std::string_view> as_string() const;

  /// The value of `key` in a map or in an array of pairs; null if there is none or this is
  /// neither. Lives as long as this value.
  const Value* find(std::string_view key) const;

  /// As find(), in the attributes.
  const Value* find_attribute(std::string_view key) const;

  friend bool operator==(const Value&, const Value&) = default;
};

/// The value for a person to read, in redis-cli's manner, without a newline at the end:
/// `(integer) 1`, `1) "a"`, `1# "token" => (integer) 2`. Bytes that could steer a terminal are
/// escaped in strings and replaced in errors. Attributes are left out.
std::string to_text(const Value& value);

}  // namespace resp
