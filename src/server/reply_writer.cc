// One function a kind of reply.
#include "server/reply_writer.h"

#include "base/check.h"

namespace server {
namespace {

void pair(resp::Writer& out, std::string_view name, std::int64_t value) {
  out.bulk(name);
  out.integer(value);
}

void pair(resp::Writer& out, std::string_view name, std::string_view value) {
  out.bulk(name);
  out.bulk(value);
}

/// The result if the task completed, else the reason.
void write_outcome(resp::Writer& out, const command::TaskOutcome& outcome) {
  const bool is_completed = outcome.state == "completed";
  out.map(4);
  pair(out, "task", outcome.task);
  pair(out, "state", outcome.state);
  for (const bool is_result : {true, false}) {
    out.bulk(is_result ? "result" : "reason");
    if (is_result == is_completed) {
      out.bulk(outcome.result);
    } else {
      out.null();
    }
  }
}

struct ReplyVisitor {
  resp::Writer& out;

  void operator()(const command::Done&) { out.simple("OK"); }
  void operator()(const command::Number& number) { out.integer(number.value); }
  void operator()(const command::Opened&) { CHECK(false); }
  void operator()(const command::Granted& granted) {
    out.map(3);
    pair(out, "token", static_cast<std::int64_t>(granted.token));
    pair(out, "lease", granted.lease.ms());
    pair(out, "waited", granted.waited.ms());
  }
  void operator()(const command::Renewed& renewed) {
    out.map(2);
    pair(out, "token", static_cast<std::int64_t>(renewed.token));
    pair(out, "lease", renewed.lease.ms());
  }
  void operator()(const command::Attempt& attempt) {
    out.map(9);
    pair(out, "flow", attempt.flow);
    pair(out, "task", attempt.task);
    pair(out, "attempt", attempt.number);
    pair(out, "token", static_cast<std::int64_t>(attempt.token));
    pair(out, "timeout", attempt.lease.ms());
    pair(out, "waited", attempt.waited.ms());
    pair(out, "input", attempt.input);
    pair(out, "checkpoint", attempt.checkpoint);
    out.bulk("results");
    out.array(attempt.outcomes.size());
    for (const command::TaskOutcome& outcome : attempt.outcomes) write_outcome(out, outcome);
  }
  void operator()(const command::Waiting&) { out.simple("QUEUED"); }
  void operator()(const command::Value& value) { write_value(out, value); }
  void operator()(const command::Refused& refused) { write_refusal(out, refused); }
};

struct ValueVisitor {
  resp::Writer& out;

  void operator()(std::monostate) { out.null(); }
  void operator()(bool value) { out.boolean(value); }
  void operator()(std::int64_t value) { out.integer(value); }
  void operator()(const std::string& value) { out.bulk(value); }
  void operator()(const command::Value::List& list) {
    out.array(list.size());
    for (const command::Value& item : list) write_value(out, item);
  }
  void operator()(const command::Value::Map& map) {
    out.map(map.size());
    for (const auto& [name, item] : map) {
      out.bulk(name);
      write_value(out, item);
    }
  }
};

}  // namespace

void write_reply(resp::Writer& out, const command::Reply& reply) {
  std::visit(ReplyVisitor{out}, reply);
}

void write_value(resp::Writer& out, const command::Value& value) {
  std::visit(ValueVisitor{out}, value.data);
}

void write_refusal(resp::Writer& out, const command::Refused& refused) {
  std::string text(command::error_info(refused.code).wire);
  text += ' ';
  text += refused.sentence;
  out.error(text);
}

}  // namespace server
