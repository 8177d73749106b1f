// Replies and events as short lines.
#include "command/reply_text.h"

#include <fmt/format.h>

#include <string_view>

#include "command/errors.h"

namespace command {

std::string text_of(const Value& value) {
  struct Visitor {
    std::string operator()(std::monostate) const { return "-"; }
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t n) const { return fmt::format("{}", n); }
    std::string operator()(const std::string& s) const { return s; }
    std::string operator()(const Value::List& list) const {
      std::string text;
      for (const auto& item : list) text += (text.empty() ? "" : ", ") + text_of(item);
      return "[" + text + "]";
    }
    std::string operator()(const Value::Map& map) const {
      std::string text;
      for (const auto& [name, item] : map) {
        text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", name, text_of(item));
      }
      return "{" + text + "}";
    }
  };
  return std::visit(Visitor{}, value.data);
}

std::string text_of(const Refused& refused) {
  std::string text(error_info(refused.code).wire);
  if (refused.code == Code::Stale) {
    text += ' ';
    text += std::string_view(refused.sentence).substr(0, refused.sentence.find(' '));
  }
  return text;
}

std::string text_of(const Reply& reply) {
  struct Visitor {
    std::string operator()(const Done&) const { return "OK"; }
    std::string operator()(const Number& n) const { return fmt::format("{}", n.value); }
    std::string operator()(const Opened& o) const { return fmt::format("session {}", o.session); }
    std::string operator()(const Granted& g) const { return fmt::format("granted {}", g.token); }
    std::string operator()(const Renewed& r) const { return fmt::format("renewed {}", r.token); }
    std::string operator()(const Attempt& a) const {
      std::string text =
          fmt::format("attempt {} of {}/{} token {}", a.number, a.flow, a.task, a.token);
      if (!a.input.empty()) text += fmt::format(" input '{}'", a.input);
      if (!a.checkpoint.empty()) text += fmt::format(" checkpoint '{}'", a.checkpoint);
      for (const TaskOutcome& o : a.outcomes) {
        text += fmt::format(" {} {} '{}'", o.task, o.state, o.result);
      }
      return text;
    }
    std::string operator()(const Waiting& w) const { return fmt::format("waiting {}", w.waiter); }
    std::string operator()(const Value& v) const { return text_of(v); }
    std::string operator()(const Refused& r) const { return text_of(r); }
  };
  return std::visit(Visitor{}, reply);
}

std::string exact_text_of(const Reply& reply) {
  const std::string text = text_of(reply);
  if (const auto* granted = std::get_if<Granted>(&reply)) {
    return fmt::format("{} lease {} waited {}", text, granted->lease.us(), granted->waited.us());
  }
  if (const auto* attempt = std::get_if<Attempt>(&reply)) {
    return fmt::format("{} lease {} waited {}", text, attempt->lease.us(), attempt->waited.us());
  }
  if (const auto* renewed = std::get_if<Renewed>(&reply)) {
    return fmt::format("{} lease {}", text, renewed->lease.us());
  }
  if (const auto* opened = std::get_if<Opened>(&reply)) {
    return fmt::format("{} ttl {}", text, opened->ttl.us());
  }
  return text;
}

std::string exact_text_of(const Event& event) {
  struct Visitor {
    std::string operator()(const WaitEnded& e) const {
      return fmt::format("wait {} of {}/{} ticket '{}': {}", e.waiter, e.session, e.connection,
                         e.ticket, exact_text_of(e.reply));
    }
    std::string operator()(const Notice& n) const {
      return fmt::format("notice {} to {}/{}: {}", n.kind, n.session, n.connection,
                         text_of(Value(n.details)));
    }
    std::string operator()(const SessionEnded& e) const {
      return fmt::format("session {} {}", e.session, e.cause);
    }
    std::string operator()(const LeaderChanged& e) const {
      return fmt::format("leader of {}: {}", e.election, text_of(e.leader));
    }
  };
  return std::visit(Visitor{}, event);
}

}  // namespace command
