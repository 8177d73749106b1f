// For the tests and fuzzers of the parsers: the same bytes in other pieces must
// give the same outcome.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resp/parser.h"
#include "resp/reply_parser.h"
#include "resp/request.h"
#include "resp/value.h"
#include "resp/writer.h"

namespace resp::test {

inline std::string encoded(Request request) { return encode_request(request); }

inline void append_value(Writer& writer, std::string& out, const Value& value);

inline void append_items(Writer& writer, std::string& out, const std::vector<Value>& items) {
  for (const Value& item : items) append_value(writer, out, item);
}

inline void append_framed(std::string& out, char type, std::string_view text) {
  out += type + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

/// Any value in RESP3, such that parsing it gives the value again.
inline void append_value(Writer& writer, std::string& out, const Value& value) {
  if (!value.attributes.empty()) {
    writer.attribute(value.attributes.size() / 2);
    append_items(writer, out, value.attributes);
  }
  switch (value.type) {
    case Type::Null: return writer.null();
    case Type::Bool: return writer.boolean(value.integer != 0);
    case Type::Integer: return writer.integer(value.integer);
    case Type::Double: out += "," + value.text + "\r\n"; return;
    case Type::BigNumber: out += "(" + value.text + "\r\n"; return;
    case Type::Simple: out += "+" + value.text + "\r\n"; return;
    case Type::Bulk: return writer.bulk(value.text);
    case Type::Verbatim: return append_framed(out, '=', "txt:" + value.text);
    case Type::Error: return append_framed(out, '!', value.text);
    case Type::Array: writer.array(value.items.size()); break;
    case Type::Set: writer.set(value.items.size()); break;
    case Type::Push: writer.push(value.items.size()); break;
    case Type::Map: writer.map(value.items.size() / 2); break;
  }
  append_items(writer, out, value.items);
}

inline std::string encoded(const Value& value) {
  std::string out;
  Writer writer(out, 3);
  append_value(writer, out, value);
  return out;
}

/// All that a parser made of some bytes.
struct Outcome {
  std::string yielded;  ///< every request or value, encoded
  std::string error;
  std::size_t buffered = 0;

  bool operator==(const Outcome&) const = default;
};

/// Feeds `bytes` in pieces of the sizes that `next_size` gives.
template <class AnyParser, class NextSize>
Outcome outcome(AnyParser parser, std::string_view bytes, NextSize next_size) {
  Outcome seen;
  while (!bytes.empty()) {
    const std::size_t size = std::clamp(next_size(), std::size_t{1}, bytes.size());
    parser.feed(bytes.substr(0, size));
    bytes.remove_prefix(size);
    while (auto item = parser.next()) seen.yielded += encoded(*item);
  }
  seen.error = parser.error();
  seen.buffered = parser.buffered();
  return seen;
}

template <class AnyParser>
Outcome outcome(AnyParser parser, std::string_view bytes) {
  return outcome(std::move(parser), bytes, [&] { return bytes.size(); });
}

}  // namespace resp::test
