// For the tests and fuzzers of the parsers: the same bytes in other pieces must
// give the same outcome.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
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

/// All that a parser makes of `bytes` in pieces of the sizes that `next_size` gives: what it
/// yields, its error, and how much it leaves.
template <class AnyParser, class NextSize>
std::vector<std::string> outcome(AnyParser& parser, std::string_view bytes, NextSize next_size) {
  std::vector<std::string> seen;
  while (!bytes.empty()) {
    const std::size_t size = std::clamp<std::size_t>(next_size(), 1, bytes.size());
    parser.feed(bytes.substr(0, size));
    bytes.remove_prefix(size);
    while (auto item = parser.next()) seen.push_back(encoded(*item));
  }
  seen.push_back(parser.error());
  seen.push_back(std::to_string(parser.buffered()));
  return seen;
}

}  // namespace resp::test
