// The one rendering of everything that is said in a scenario.
#include "scenario_text.h"

#include <fmt/format.h>

namespace scenario {
namespace {

using command::Value;

/// Integers and strings of RESP have names of their own; what a map looks like is the same.
struct ReplyToTree {
  Value operator()(const command::Done&) const { return "OK"; }
  Value operator()(const command::Number& n) const { return n.value; }
  Value operator()(const command::Opened& o) const {
    return Value::Map{{"id", o.session}, {"ttl", o.ttl.ms()}};
  }
  Value operator()(const command::Granted& g) const {
    return Value::Map{{"token", g.token}, {"lease", g.lease.ms()}, {"waited", g.waited.ms()}};
  }
  Value operator()(const command::Renewed& r) const {
    return Value::Map{{"token", r.token}, {"lease", r.lease.ms()}};
  }
  Value operator()(const command::Attempt& a) const {
    Value::List results;
    for (const command::TaskOutcome& o : a.outcomes) {
      const bool is_completed = o.state == "completed";
      results.emplace_back(Value::Map{{"task", o.task},
                                      {"state", o.state},
                                      {"result", is_completed ? Value(o.result) : Value()},
                                      {"reason", is_completed ? Value() : Value(o.result)}});
    }
    return Value::Map{{"flow", a.flow},
                      {"task", a.task},
                      {"attempt", a.number},
                      {"token", a.token},
                      {"timeout", a.lease.ms()},
                      {"waited", a.waited.ms()},
                      {"input", a.input},
                      {"checkpoint", a.checkpoint},
                      {"results", std::move(results)}};
  }
  Value operator()(const command::Waiting&) const { return "QUEUED"; }
  Value operator()(const Value& value) const { return value; }
  Value operator()(const command::Refused& refused) const {
    const std::string_view code = command::error_info(refused.code).wire;
    return Value::Map{{"error", fmt::format("{} {}", code, refused.sentence)}};
  }
};

std::string scalar(const Value& tree) {
  if (const auto* text = std::get_if<std::string>(&tree.data)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&tree.data)) {
    return fmt::format("{}", *number);
  }
  if (const auto* flag = std::get_if<bool>(&tree.data)) return *flag ? "true" : "false";
  return "-";
}

const Value::Map* map_of(const Value& tree) { return std::get_if<Value::Map>(&tree.data); }
const Value::List* list_of(const Value& tree) { return std::get_if<Value::List>(&tree.data); }
bool is_null(const Value& tree) { return std::holds_alternative<std::monostate>(tree.data); }

bool is_list_of_maps(const Value& tree) {
  const Value::List* list = list_of(tree);
  return list != nullptr && !list->empty() && map_of(list->front()) != nullptr;
}

/// `keys=x,y lease=500`: what is null is left out, and so are rows, which have lines of their own.
std::string inline_fields(const Value::Map& map, std::string_view except = "") {
  std::string text;
  for (const auto& [name, item] : map) {
    if (is_null(item) || is_list_of_maps(item) || name == except) continue;
    std::string value = scalar(item);
    if (const Value::List* list = list_of(item)) {
      value.clear();
      for (const Value& part : *list) value += (value.empty() ? "" : ",") + scalar(part);
    }
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  }
  return text;
}

/// The plain fields in one line, and below it, further in, each row of each list of maps, which may
/// have rows itself.
std::string description(const Value::Map& map, std::size_t indent = 0) {
  Value::Map plain;
  std::string rows;
  for (const auto& [name, item] : map) {
    if (!is_list_of_maps(item)) {
      const Value::List* list = list_of(item);
      if (list == nullptr || !list->empty()) plain.emplace_back(name, item);
      continue;
    }
    for (const Value& row : *list_of(item)) {
      rows +=
          fmt::format("\n{:{}}{}: {}", "", indent + 2, name, description(*map_of(row), indent + 2));
    }
  }
  return inline_fields(plain) + rows;
}

std::string grant(const Value& tree) {
  std::string text = fmt::format("granted token={} lease={}", scalar(*find(tree, "token")),
                                 scalar(*find(tree, "lease")));
  const std::string waited = scalar(*find(tree, "waited"));
  return waited == "0" ? text : text + " waited=" + waited;
}

/// [[lost, {...}], ...]: what nobody had been told so far.
std::string notices(const Value& tree) {
  std::string text;
  for (const Value& notice : *list_of(tree)) {
    const Value::List& pair = *list_of(notice);
    text += "\n  " + text_of_notice(scalar(pair.at(0)), pair.at(1));
  }
  return text;
}

/// What is empty, or as it usually is, is left out.
std::string attempt(const Value& tree) {
  std::string text =
      fmt::format("attempt {} of {} in {}, token={} timeout={}", scalar(*find(tree, "attempt")),
                  scalar(*find(tree, "task")), scalar(*find(tree, "flow")),
                  scalar(*find(tree, "token")), scalar(*find(tree, "timeout")));
  for (const std::string_view name : {"waited", "input", "checkpoint"}) {
    const std::string value = scalar(*find(tree, name));
    if (!value.empty() && value != "0") text += fmt::format(" {}={}", name, value);
  }
  for (const Value& row : *list_of(*find(tree, "results"))) {
    text += "\n  result: " + inline_fields(*map_of(row));
  }
  return text;
}

std::string text_of_map(const Value& tree) {
  if (const Value* error = find(tree, "error")) return scalar(*error);
  if (find(tree, "attempt") != nullptr && find(tree, "results") != nullptr) return attempt(tree);
  if (find(tree, "waited") != nullptr && find(tree, "token") != nullptr) return grant(tree);
  if (map_of(tree)->size() == 2 && find(tree, "token") != nullptr) {
    return "renewed " + inline_fields(*map_of(tree));
  }
  if (const Value* kept = find(tree, "notices")) {
    return fmt::format("kept alive ttl={}{}", scalar(*find(tree, "ttl")), notices(*kept));
  }
  const bool opened = find(tree, "id") != nullptr && find(tree, "user") == nullptr &&
                      find(tree, "grants") == nullptr;
  if (opened) return fmt::format("session {}", scalar(*find(tree, "id")));
  return description(*map_of(tree));
}

}  // namespace

Value tree_of(const command::Reply& reply) { return std::visit(ReplyToTree{}, reply); }

Value tree_of(const resp::Value& value) {
  switch (value.type) {
    case resp::Type::Null: return {};
    case resp::Type::Bool: return value.integer != 0;
    case resp::Type::Integer: return value.integer;
    case resp::Type::Error: return Value::Map{{"error", value.text}};
    case resp::Type::Array:
    case resp::Type::Set:
    case resp::Type::Push: {
      Value::List list;
      for (const resp::Value& item : value.items) list.push_back(tree_of(item));
      return list;
    }
    case resp::Type::Map: {
      Value::Map map;
      for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
        map.emplace_back(value.items[i].text, tree_of(value.items[i + 1]));
      }
      return map;
    }
    default: return value.text;
  }
}

std::string text_of(const Value& tree) {
  if (const auto* text = std::get_if<std::string>(&tree.data); text && *text == "QUEUED") {
    return "queued";
  }
  if (map_of(tree) != nullptr) return text_of_map(tree);
  const Value::List* list = list_of(tree);
  if (list == nullptr) return scalar(tree);
  std::string text;
  for (const Value& item : *list) text += (text.empty() ? "" : "\n  ") + text_of(item);
  return text.empty() ? "nothing" : text;
}

std::string text_of_notice(const std::string& kind, const Value& details) {
  if (const Value* session = find(details, "session")) {
    return fmt::format("session {} {}", scalar(*session), kind);
  }
  const Value* token = find(details, "token");
  const Value::Map* map = map_of(details);
  return fmt::format("token {} {}, {}", token == nullptr ? "-" : scalar(*token), kind,
                     map == nullptr ? "" : inline_fields(*map, "token"));
}

const Value* find(const Value& tree, std::string_view name) {
  const Value::Map* map = map_of(tree);
  if (map == nullptr) return nullptr;
  for (const auto& [key, item] : *map) {
    if (key == name) return &item;
  }
  return nullptr;
}

}  // namespace scenario
