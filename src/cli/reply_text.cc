// Printing replies.
#include "cli/reply_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/json.h"
#include "cli/text.h"

namespace cli {
namespace {

using turnstile::Reply;

Json to_json(const Reply& reply);

Json map_to_json(const Reply& map) {
  Json json = Json::object();
  for (std::size_t i = 0; i + 1 < map.items.size(); i += 2) {
    const Reply& key = map.items[i];
    json[key.kind == Reply::Kind::Text ? key.text : to_line(to_json(key))] =
        to_json(map.items[i + 1]);
  }
  return json;
}

Json array_to_json(const Reply& array) {
  Json json = Json::array();
  for (const Reply& item : array.items) json.push_back(to_json(item));
  return json;
}

Json to_json(const Reply& reply) {
  switch (reply.kind) {
    case Reply::Kind::Nil: return nullptr;
    case Reply::Kind::Boolean: return reply.integer != 0;
    case Reply::Kind::Integer: return reply.integer;
    case Reply::Kind::Double: return reply.number;
    case Reply::Kind::Text: return reply.text;
    case Reply::Kind::Error: return Json{{"error", reply.text}};
    case Reply::Kind::Array: return array_to_json(reply);
    case Reply::Kind::Map: return map_to_json(reply);
  }
  return nullptr;
}

void append(std::string& out, const Reply& value, std::size_t indent);

/// `1) a`, the next lines below it, and the lines within an item below the item.
void append_items(std::string& out, const Reply& value, std::size_t indent) {
  const bool is_map = value.kind == Reply::Kind::Map;
  const std::size_t step = is_map ? 2 : 1;
  const std::size_t count = value.items.size() / step;
  const std::size_t width = fmt::formatted_size("{}", count);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += '\n' + std::string(indent, ' ');
    out += fmt::format("{:>{}}{} ", i + 1, width, is_map ? '#' : ')');
    append(out, value.items[i * step], indent + width + 2);
    if (!is_map) continue;
    out += " => ";
    append(out, value.items[i * step + 1], indent + width + 2);
  }
}

void append(std::string& out, const Reply& value, std::size_t indent) {
  switch (value.kind) {
    case Reply::Kind::Nil: out += "(nil)"; return;
    case Reply::Kind::Boolean: out += value.integer != 0 ? "(true)" : "(false)"; return;
    case Reply::Kind::Integer: out += fmt::format("(integer) {}", value.integer); return;
    case Reply::Kind::Double: out += fmt::format("(double) {}", value.number); return;
    case Reply::Kind::Text: out += in_quotes(value.text); return;
    case Reply::Kind::Error: out += "(error) " + printable(value.text); return;
    case Reply::Kind::Array:
    case Reply::Kind::Map: break;
  }
  if (!value.items.empty()) return append_items(out, value, indent);
  out += value.kind == Reply::Kind::Map ? "(empty hash)" : "(empty array)";
}

}  // namespace

std::string json_text(const Reply& reply) { return to_lines(to_json(reply)); }

std::string redis_text(const Reply& reply) {
  if (reply.kind == Reply::Kind::Text) return printable_lines(reply.text);
  std::string out;
  append(out, reply, 0);
  return out;
}

}  // namespace cli
