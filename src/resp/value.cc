// Reading a reply without asking which version of RESP it came in.
#include "resp/value.h"

#include "resp/number.h"

namespace resp {
namespace {

bool is_text(Type type) {
  switch (type) {
    case Type::Double:
    case Type::BigNumber:
    case Type::Simple:
    case Type::Bulk:
    case Type::Verbatim: return true;
    case Type::Null:
    case Type::Bool:
    case Type::Integer:
    case Type::Error:
    case Type::Array:
    case Type::Set:
    case Type::Push:
    case Type::Map: return false;
  }
  return false;
}

const Value* find_in(const std::vector<Value>& pairs, std::string_view key) {
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    if (pairs[i].as_string() == key) return &pairs[i + 1];
  }
  return nullptr;
}

}  // namespace

std::string_view Value::error_code() const {
  if (!is_error()) return {};
  return std::string_view(text).substr(0, text.find(' '));
}

std::optional<std::int64_t> Value::as_integer() const {
  if (type == Type::Integer || type == Type::Bool) return integer;
  return is_text(type) ? parse_number<std::int64_t>(text) : std::nullopt;
}

std::optional<double> Value::as_double() const {
  if (type == Type::Integer) return static_cast<double>(integer);
  return is_text(type) ? parse_number<double>(text) : std::nullopt;
}

std::optional<std::string_view> Value::as_string() const {
  if (!is_text(type)) return std::nullopt;
  return text;
}

const Value* Value::find(std::string_view key) const {
  const bool has_pairs = type == Type::Map || (type == Type::Array && items.size() % 2 == 0);
  return has_pairs ? find_in(items, key) : nullptr;
}

const Value* Value::find_attribute(std::string_view key) const { return find_in(attributes, key); }

}  // namespace resp
