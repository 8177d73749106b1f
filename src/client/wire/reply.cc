// The public Reply, made from the parser's tree.
#include "turnstile/reply.h"

#include <fmt/format.h>

#include <optional>

#include "client/engine/engine.h"

namespace turnstile {
namespace {

using resp::Type;

Reply::Kind to_kind(Type type) {
  switch (type) {
    case Type::Null: return Reply::Kind::Nil;
    case Type::Bool: return Reply::Kind::Boolean;
    case Type::Integer: return Reply::Kind::Integer;
    case Type::Double: return Reply::Kind::Double;
    case Type::BigNumber:
    case Type::Simple:
    case Type::Bulk:
    case Type::Verbatim: return Reply::Kind::Text;
    case Type::Error: return Reply::Kind::Error;
    case Type::Array:
    case Type::Set:
    case Type::Push: return Reply::Kind::Array;
    case Type::Map: return Reply::Kind::Map;
  }
  return Reply::Kind::Nil;
}

bool has_items(const Reply& reply) {
  return reply.kind == Reply::Kind::Array || reply.kind == Reply::Kind::Map;
}

/// What stands on one line: everything but arrays and maps that are not empty.
std::string to_word(const Reply& reply) {
  switch (reply.kind) {
    case Reply::Kind::Nil: return "(nil)";
    case Reply::Kind::Boolean: return reply.integer != 0 ? "true" : "false";
    case Reply::Kind::Integer: return std::to_string(reply.integer);
    case Reply::Kind::Double: return fmt::format("{}", reply.number);
    case Reply::Kind::Text:
    case Reply::Kind::Error: return reply.text;
    case Reply::Kind::Array:
    case Reply::Kind::Map: return "(empty)";
  }
  return {};
}

void append_text(std::string& out, const Reply& reply, std::size_t indent) {
  const bool is_map = reply.kind == Reply::Kind::Map;
  const std::size_t step = is_map ? 2 : 1;
  for (std::size_t i = 0; i + step <= reply.items.size(); i += step) {
    const Reply& item = reply.items[i + step - 1];
    out.append(indent, ' ');
    out += is_map ? to_word(reply.items[i]) + ":" : "-";
    if (has_items(item) && !item.items.empty()) {
      out += '\n';
      append_text(out, item, indent + 2);
    } else {
      out += " " + to_word(item) + "\n";
    }
  }
}

}  // namespace

Reply client::to_reply(const resp::Value& value) {
  Reply reply;
  reply.kind = to_kind(value.type);
  reply.integer = value.integer;
  reply.text = value.text;
  if (value.type == Type::Double) reply.number = value.as_double().value_or(0);
  reply.items.reserve(value.items.size());
  for (const auto& item : value.items) reply.items.push_back(to_reply(item));
  return reply;
}

const Reply* Reply::find(std::string_view key) const {
  if (kind != Kind::Map) return nullptr;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i].kind == Kind::Text && items[i].text == key) return &items[i + 1];
  }
  return nullptr;
}

std::int64_t Reply::integer_of(std::string_view key, std::int64_t otherwise) const {
  const Reply* value = find(key);
  const bool is_number =
      value != nullptr && (value->kind == Kind::Integer || value->kind == Kind::Boolean);
  return is_number ? value->integer : otherwise;
}

std::string_view Reply::text_of(std::string_view key) const {
  const Reply* value = find(key);
  return value != nullptr && value->kind == Kind::Text ? std::string_view(value->text) : "";
}

std::string to_text(const Reply& reply) {
  if (!has_items(reply) || reply.items.empty()) return to_word(reply) + "\n";
  std::string out;
  append_text(out, reply, 0);
  return out;
}

}  // namespace turnstile
