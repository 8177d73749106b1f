// The comparison of replies, one function a kind.
#include "checker/reply_match.h"

#include <algorithm>
#include <string_view>

#include "command/errors.h"
#include "command/reply_text.h"

namespace checker {
namespace {

using resp::Type;
using resp::Value;

bool is_number(const Value* value, std::int64_t number) {
  return value != nullptr && value->type == Type::Integer && value->integer == number;
}

bool is_token(const Value* value, std::uint64_t token) {
  return is_number(value, static_cast<std::int64_t>(token));
}

bool is_text(const Value* value, std::string_view text) {
  return value != nullptr && value->as_string() == text;
}

/// Numbers in descriptions that do not depend on the moment they are asked for.
bool is_timeless(std::string_view field) {
  constexpr std::string_view kTimeless[] = {
      "id",      "token",   "session", "term",     "generation", "waiting", "limit",
      "permits", "count",   "attempt", "attempts", "grants",     "waits",   "candidates",
      "parties", "arrived", "left",    "request",  "available"};
  return std::find(std::begin(kTimeless), std::end(kTimeless), field) != std::end(kTimeless);
}

struct Comparison {
  Precision precision;

  bool length(const Value* actual, base::Duration expected) const {
    if (actual == nullptr || actual->type != Type::Integer) return false;
    return precision == Precision::Timeless || actual->integer == expected.ms();
  }

  // --- descriptions

  bool list(const command::Value::List& expected, const Value& actual) const {
    const bool is_list = actual.type == Type::Array || actual.type == Type::Set;
    return is_list &&
           std::equal(expected.begin(), expected.end(), actual.items.begin(), actual.items.end(),
                      [&](const auto& e, const Value& t) { return tree(e, t, ""); });
  }
  bool map(const command::Value::Map& expected, const Value& actual) const {
    if (actual.type != Type::Map || actual.items.size() != 2 * expected.size()) return false;
    return std::all_of(expected.begin(), expected.end(), [&](const auto& field) {
      const Value* value = actual.find(field.first);
      // What tells how long something has been is for people.
      if (field.first == "why") return value != nullptr;
      return value != nullptr && tree(field.second, *value, field.first);
    });
  }
  bool tree(const command::Value& expected, const Value& actual, std::string_view field) const {
    struct Visitor {
      const Comparison& compare;
      const Value& actual;
      std::string_view field;
      bool operator()(std::monostate) const { return actual.is_null(); }
      bool operator()(bool b) const {
        return actual.type == Type::Bool && (actual.integer != 0) == b;
      }
      bool operator()(std::int64_t n) const {
        if (actual.type != Type::Integer) return false;
        const bool is_known = compare.precision == Precision::Exact || is_timeless(field);
        return !is_known || actual.integer == n;
      }
      bool operator()(const std::string& s) const { return is_text(&actual, s); }
      bool operator()(const command::Value::List& l) const { return compare.list(l, actual); }
      bool operator()(const command::Value::Map& m) const { return compare.map(m, actual); }
    };
    return std::visit(Visitor{*this, actual, field}, expected.data);
  }

  // --- replies

  const Value& told;

  bool operator()(const command::Done&) const { return is_text(&told, "OK"); }
  bool operator()(const command::Number& number) const { return is_number(&told, number.value); }
  /// Of a session opened, or kept alive.
  bool operator()(const command::Opened& opened) const {
    const Value* id = told.find("id");
    return (id == nullptr || is_token(id, opened.session)) && length(told.find("ttl"), opened.ttl);
  }
  bool operator()(const command::Granted& granted) const {
    return is_token(told.find("token"), granted.token) &&
           length(told.find("lease"), granted.lease) && length(told.find("waited"), granted.waited);
  }
  bool operator()(const command::Renewed& renewed) const {
    return is_token(told.find("token"), renewed.token) && length(told.find("lease"), renewed.lease);
  }
  bool operator()(const command::Waiting&) const { return is_text(&told, "QUEUED"); }
  bool operator()(const command::Attempt& attempt) const {
    const Value* results = told.find("results");
    return is_text(told.find("flow"), attempt.flow) && is_text(told.find("task"), attempt.task) &&
           is_number(told.find("attempt"), attempt.number) &&
           is_token(told.find("token"), attempt.token) &&
           length(told.find("timeout"), attempt.lease) &&
           length(told.find("waited"), attempt.waited) &&
           is_text(told.find("input"), attempt.input) &&
           is_text(told.find("checkpoint"), attempt.checkpoint) && results != nullptr &&
           std::equal(attempt.outcomes.begin(), attempt.outcomes.end(), results->items.begin(),
                      results->items.end(), [](const auto& outcome, const Value& result) {
                        const bool is_completed = outcome.state == "completed";
                        return is_text(result.find("task"), outcome.task) &&
                               is_text(result.find("state"), outcome.state) &&
                               is_text(result.find(is_completed ? "result" : "reason"),
                                       outcome.result);
                      });
  }
  bool operator()(const command::Value& value) const { return tree(value, told, ""); }
  bool operator()(const command::Refused& refused) const {
    return told.error_code() == command::error_info(refused.code).wire;
  }
};

}  // namespace

std::string difference(const command::Reply& expected, const Value& told, Precision precision) {
  if (std::visit(Comparison{precision, told}, expected)) return {};
  return precision == Precision::Exact ? command::exact_text_of(expected)
                                       : command::text_of(expected);
}

std::string told_text(const Value& told) {
  constexpr std::size_t kShown = 200;
  std::string text = told.is_error() ? std::string(told.error_code()) : resp::to_text(told);
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() > kShown) text.replace(kShown, std::string::npos, "...");
  return text;
}

}  // namespace checker
