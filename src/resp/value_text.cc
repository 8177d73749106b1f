// Values as redis-cli prints them.
#include <fmt/format.h>

#include <algorithm>

#include "resp/value.h"

namespace resp {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '\\':
    case '"': out += {'\\', c}; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\a': out += "\\a"; return;
    case '\b': out += "\\b"; return;
    default: break;
  }
  if (c >= ' ' && c <= '~') {
    out += c;
  } else {
    out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) append_escaped(out, c);
  return out += '"';
}

/// Text that is printed as it is, apart from what could steer a terminal.
std::string plain(std::string text, std::string_view allowed = "") {
  for (char& c : text) {
    if (is_control(c) && allowed.find(c) == std::string_view::npos) c = '?';
  }
  return text;
}

std::size_t items_per_line(const Value& value) { return value.type == Type::Map ? 2 : 1; }

bool has_lines(const Value& value) {
  return value.items.size() > items_per_line(value) || std::ranges::any_of(value.items, has_lines);
}

void append(std::string& out, const Value& value, std::size_t indent);

/// `1) a`, the next lines below it and the lines within an item below the item. What a key
/// maps to begins on a line of its own if it takes several.
void append_items(std::string& out, const Value& value, std::size_t indent) {
  const std::size_t step = items_per_line(value);
  const char mark = value.type == Type::Map ? '#' : value.type == Type::Set ? '~' : ')';
  const std::size_t width = fmt::formatted_size("{}", value.items.size() / step);
  for (std::size_t i = 0; i < value.items.size(); i += step) {
    if (i > 0) out += '\n' + std::string(indent, ' ');
    out += fmt::format("{:>{}}{} ", i / step + 1, width, mark);
    append(out, value.items[i], indent + width + 2);
    if (step == 1) continue;
    const Value& mapped = value.items[i + 1];
    out += " => ";
    if (has_lines(mapped)) out += '\n' + std::string(indent + width + 2, ' ');
    append(out, mapped, indent + width + 2);
  }
}

void append_aggregate(std::string& out, const Value& value, std::string_view empty,
                      std::size_t indent) {
  if (value.items.empty()) {
    out += empty;
  } else {
    append_items(out, value, indent);
  }
}

void append(std::string& out, const Value& value, std::size_t indent) {
  switch (value.type) {
    case Type::Null: out += "(nil)"; return;
    case Type::Bool: out += value.integer != 0 ? "(true)" : "(false)"; return;
    case Type::Integer: out += fmt::format("(integer) {}", value.integer); return;
    case Type::Double: out += "(double) " + plain(value.text); return;
    case Type::BigNumber:
    case Type::Simple: out += plain(value.text); return;
    case Type::Bulk: out += quoted(value.text); return;
    case Type::Verbatim: out += plain(value.text, "\n\t"); return;
    case Type::Error: out += "(error) " + plain(value.text); return;
    case Type::Array: append_aggregate(out, value, "(empty array)", indent); return;
    case Type::Set: append_aggregate(out, value, "(empty set)", indent); return;
    case Type::Push: append_aggregate(out, value, "(empty push)", indent); return;
    case Type::Map: append_aggregate(out, value, "(empty hash)", indent); return;
  }
}

}  // namespace

std::string to_text(const Value& value) {
  std::string out;
  append(out, value, 0);
  return out;
}

}  // namespace resp
