// A machine of two states, in a line and in a bulk string; a stack of frames
// holds the aggregates that are not complete.
#include "resp/reply_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "resp/number.h"

namespace resp {
namespace {

constexpr std::string_view kTypes = "+-:_#,($!=*~%>|";

/// Integers and doubles may have one, lengths may not.
std::string_view without_plus(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return text;
}

bool is_big_number(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool has_pairs(char type) { return type == '%' || type == '|'; }

Type aggregate_type(char type) {
  switch (type) {
    case '~': return Type::Set;
    case '>': return Type::Push;
    case '%':
    case '|': return Type::Map;
    default: return Type::Array;
  }
}

}  // namespace

ReplyParser::ReplyParser(ReplyLimits limits) : limits_(limits) {}

std::span<char> ReplyParser::prepare(std::size_t size) { return buffer_.prepare(size); }

void ReplyParser::commit(std::size_t size) {
  buffer_.commit(size);
  if (!error_.empty()) buffer_.consume(size);
}

void ReplyParser::feed(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(prepare(bytes.size()).data(), bytes.data(), bytes.size());
  commit(bytes.size());
}

std::optional<Value> ReplyParser::next() {
  while (error_.empty() && !complete_ && step()) {
  }
  return std::exchange(complete_, std::nullopt);
}

bool ReplyParser::step() { return bulk_type_ != 0 ? read_bulk_body() : read_line(); }

bool ReplyParser::read_line() {
  if (buffer_.empty()) return false;
  const char* start = buffer_.data();
  if (kTypes.find(*start) == std::string_view::npos) return fail("it begins with no type of RESP");
  // Type, text, CR: a longer line is too long wherever it ends.
  const std::size_t window = std::min(buffer_.size(), limits_.line_bytes + 2);
  const void* found = std::memchr(start + scanned_, '\r', window - scanned_);
  if (found == nullptr) {
    scanned_ = window;
    return window < limits_.line_bytes + 2 ? false : fail("a line is too long");
  }
  const std::size_t size = static_cast<std::size_t>(static_cast<const char*>(found) - start);
  scanned_ = size;
  if (buffer_.size() < size + 2) return false;
  if (start[size + 1] != '\n') return fail("a line does not end in CRLF");
  scanned_ = 0;
  // Consumed bytes stay where they are, so the text can still be read.
  return consume(size + 2) && on_line(*start, {start + 1, size - 1});
}

bool ReplyParser::on_line(char type, std::string_view text) {
  switch (type) {
    case '+': return deliver_text(Type::Simple, text);
    case '-': return deliver_text(Type::Error, text);
    case ':': return on_integer(text);
    case '#': return on_bool(text);
    case ',': return on_number_text(Type::Double, text);
    case '(': return on_number_text(Type::BigNumber, text);
    case '_': return text.empty() ? deliver(make(Type::Null)) : fail("a null with text");
    case '$':
    case '!':
    case '=': return begin_bulk(type, text);
    default: return begin_aggregate(type, text);
  }
}

bool ReplyParser::on_integer(std::string_view text) {
  const auto number = parse_number<std::int64_t>(without_plus(text));
  if (!number) return fail("an integer is wrong or too large");
  Value value = make(Type::Integer);
  value.integer = *number;
  return deliver(std::move(value));
}

bool ReplyParser::on_bool(std::string_view text) {
  if (text != "t" && text != "f") return fail("a bool is neither t nor f");
  Value value = make(Type::Bool);
  value.integer = text == "t" ? 1 : 0;
  return deliver(std::move(value));
}

bool ReplyParser::on_number_text(Type type, std::string_view text) {
  const bool good = type == Type::Double ? parse_number<double>(without_plus(text)).has_value()
                                         : is_big_number(text);
  return good ? deliver_text(type, text) : fail("a number is wrong");
}

bool ReplyParser::begin_bulk(char type, std::string_view text) {
  if (type == '$' && text == "-1") return deliver(make(Type::Null));
  const auto size = parse_number<std::uint64_t>(text);
  if (!size) return fail("the length of a string is wrong");
  if (*size > limits_.bulk_bytes) return fail("a string is too long");
  if (*size + 2 > limits_.reply_bytes - reply_bytes_) return fail("it is too long");
  bulk_type_ = type;
  bulk_size_ = *size;
  return true;
}

bool ReplyParser::read_bulk_body() {
  if (buffer_.size() < bulk_size_ + 2) return false;
  const std::string_view text = buffer_.view().substr(0, bulk_size_);
  if (buffer_.view().substr(bulk_size_, 2) != "\r\n") return fail("a string does not end in CRLF");
  if (!consume(bulk_size_ + 2)) return false;
  switch (std::exchange(bulk_type_, '\0')) {
    case '!': return deliver_text(Type::Error, text);
    case '=':
      if (text.size() < 4 || text[3] != ':') return fail("a verbatim string has no format");
      return deliver_text(Type::Verbatim, text.substr(4));
    default: return deliver_text(Type::Bulk, text);
  }
}

bool ReplyParser::begin_aggregate(char type, std::string_view text) {
  if (type == '*' && text == "-1") return deliver(make(Type::Null));
  if (type == '>' && !frames_.empty()) return fail("a push within another reply");
  const std::size_t per_element = has_pairs(type) ? 2 : 1;
  const auto count = parse_number<std::uint64_t>(text);
  if (!count) return fail("the length of an aggregate is wrong");
  if (*count > (limits_.elements - elements_) / per_element)
    return fail("it has too many elements");
  if (frames_.size() == limits_.depth) return fail("it is nested too deep");
  const std::size_t left = *count * per_element;
  elements_ += left;
  Value value = make(aggregate_type(type));
  if (type == '|') value.items = std::exchange(value.attributes, {});  // of the same value
  if (left > 0) {
    frames_.push_back({std::move(value), left, type == '|'});
    return true;
  }
  if (type != '|') return deliver(std::move(value));
  pending_attributes_ = std::move(value.items);
  return true;
}

bool ReplyParser::deliver(Value value) {
  while (!frames_.empty()) {
    Frame& frame = frames_.back();
    frame.value.items.push_back(std::move(value));
    if (--frame.left > 0) return true;
    value = std::move(frame.value);
    const bool is_attribute = frame.is_attribute;
    frames_.pop_back();
    if (is_attribute) {
      pending_attributes_ = std::move(value.items);
      return true;
    }
  }
  complete_ = std::move(value);
  reply_bytes_ = 0;
  elements_ = 0;
  return true;
}

bool ReplyParser::deliver_text(Type type, std::string_view text) {
  Value value = make(type);
  value.text = text;
  return deliver(std::move(value));
}

Value ReplyParser::make(Type type) {
  Value value;
  value.type = type;
  value.attributes = std::exchange(pending_attributes_, {});
  return value;
}

bool ReplyParser::consume(std::size_t size) {
  if (size > limits_.reply_bytes - reply_bytes_) return fail("it is too long");
  reply_bytes_ += size;
  buffer_.consume(size);
  return true;
}

bool ReplyParser::fail(std::string_view sentence) {
  error_ = fmt::format("invalid reply: {}", sentence);
  buffer_.clear();
  frames_ = std::vector<Frame>();  // `= {}` would keep the memory
  pending_attributes_ = std::vector<Value>();
  return false;
}

}  // namespace resp
