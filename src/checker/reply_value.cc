// One function a kind of reply.
#include "checker/reply_value.h"

#include <utility>
#include <variant>

#include "command/errors.h"

namespace checker {
namespace {

using resp::Type;
using resp::Value;

Value text(std::string bytes) { return {.type = Type::Bulk, .text = std::move(bytes)}; }
Value number(std::int64_t n) { return {.type = Type::Integer, .integer = n}; }
Value number(std::uint64_t n) { return number(static_cast<std::int64_t>(n)); }

Value map(std::vector<std::pair<const char*, Value>> fields) {
  Value result{.type = Type::Map};
  for (auto& [name, value] : fields) {
    result.items.push_back(text(name));
    result.items.push_back(std::move(value));
  }
  return result;
}

struct TreeVisitor {
  Value operator()(std::monostate) const { return {}; }
  Value operator()(bool b) const { return {.type = Type::Bool, .integer = b ? 1 : 0}; }
  Value operator()(std::int64_t n) const { return number(n); }
  Value operator()(const std::string& s) const { return text(s); }
  Value operator()(const command::Value::List& list) const {
    Value result{.type = Type::Array};
    for (const auto& item : list) result.items.push_back(std::visit(*this, item.data));
    return result;
  }
  Value operator()(const command::Value::Map& fields) const {
    Value result{.type = Type::Map};
    for (const auto& [name, item] : fields) {
      result.items.push_back(text(name));
      result.items.push_back(std::visit(*this, item.data));
    }
    return result;
  }
};

Value value_of_outcome(const command::TaskOutcome& outcome) {
  const bool is_completed = outcome.state == "completed";
  return map({{"task", text(outcome.task)},
              {"state", text(outcome.state)},
              {"result", is_completed ? text(outcome.result) : Value()},
              {"reason", is_completed ? Value() : text(outcome.result)}});
}

struct ReplyVisitor {
  Value operator()(const command::Done&) const { return {.type = Type::Simple, .text = "OK"}; }
  Value operator()(const command::Number& n) const { return number(n.value); }
  Value operator()(const command::Opened& opened) const {
    return map({{"id", number(opened.session)},
                {"secret", text("none")},
                {"ttl", number(opened.ttl.ms())}});
  }
  Value operator()(const command::Granted& granted) const {
    return map({{"token", number(granted.token)},
                {"lease", number(granted.lease.ms())},
                {"waited", number(granted.waited.ms())}});
  }
  Value operator()(const command::Renewed& renewed) const {
    return map({{"token", number(renewed.token)}, {"lease", number(renewed.lease.ms())}});
  }
  Value operator()(const command::Waiting&) const {
    return {.type = Type::Simple, .text = "QUEUED"};
  }
  Value operator()(const command::Attempt& attempt) const {
    Value results{.type = Type::Array};
    for (const auto& outcome : attempt.outcomes) {
      results.items.push_back(value_of_outcome(outcome));
    }
    return map({{"flow", text(attempt.flow)},
                {"task", text(attempt.task)},
                {"attempt", number(attempt.number)},
                {"token", number(attempt.token)},
                {"timeout", number(attempt.lease.ms())},
                {"waited", number(attempt.waited.ms())},
                {"input", text(attempt.input)},
                {"checkpoint", text(attempt.checkpoint)},
                {"results", std::move(results)}});
  }
  Value operator()(const command::Value& value) const {
    return std::visit(TreeVisitor{}, value.data);
  }
  Value operator()(const command::Refused& refused) const {
    std::string words(command::error_info(refused.code).wire);
    return {.type = Type::Error, .text = words + " " + refused.sentence};
  }
};

}  // namespace

Value value_of(const command::Reply& reply) { return std::visit(ReplyVisitor{}, reply); }

}  // namespace checker
