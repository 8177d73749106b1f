// Replies and events as short lines, for tests that are read like a talk.
//
// `granted 5`, `waiting 4`, `BUSY`, `STALE expired`: what a test must agree on,
// and nothing that only people need, such as the sentence of a refusal.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "command/reply.h"

namespace state {

/// A tree of values in one line: {key: acct/1, holders: [..]}.
inline std::string text_of(const command::Value& value) {
  struct Visitor {
    std::string operator()(std::monostate) const { return "-"; }
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t n) const { return fmt::format("{}", n); }
    std::string operator()(const std::string& s) const { return s; }
    std::string operator()(const command::Value::List& list) const {
      std::string text;
      for (const auto& item : list) text += (text.empty() ? "" : ", ") + text_of(item);
      return "[" + text + "]";
    }
    std::string operator()(const command::Value::Map& map) const {
      std::string text;
      for (const auto& [name, item] : map) {
        text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", name, text_of(item));
      }
      return "{" + text + "}";
    }
  };
  return std::visit(Visitor{}, value.data);
}

/// The code, and of STALE the cause, which is the first word of its sentence.
inline std::string text_of(const command::Refused& refused) {
  std::string text(command::error_info(refused.code).wire);
  if (refused.code == command::Code::Stale) {
    text += ' ';
    text += std::string_view(refused.sentence).substr(0, refused.sentence.find(' '));
  }
  return text;
}

inline std::string text_of(const command::Reply& reply) {
  struct Visitor {
    std::string operator()(const command::Done&) const { return "OK"; }
    std::string operator()(const command::Number& n) const { return fmt::format("{}", n.value); }
    std::string operator()(const command::Opened& o) const {
      return fmt::format("session {}", o.session);
    }
    std::string operator()(const command::Granted& g) const {
      return fmt::format("granted {}", g.token);
    }
    std::string operator()(const command::Renewed& r) const {
      return fmt::format("renewed {}", r.token);
    }
    std::string operator()(const command::Waiting& w) const {
      return fmt::format("waiting {}", w.waiter);
    }
    std::string operator()(const command::Value& v) const { return text_of(v); }
    std::string operator()(const command::Refused& r) const { return text_of(r); }
  };
  return std::visit(Visitor{}, reply);
}

/// The reply with its times in microseconds.
inline std::string exact_text_of(const command::Reply& reply) {
  const std::string text = text_of(reply);
  if (const auto* granted = std::get_if<command::Granted>(&reply)) {
    return fmt::format("{} lease {} waited {}", text, granted->lease.us(), granted->waited.us());
  }
  if (const auto* renewed = std::get_if<command::Renewed>(&reply)) {
    return fmt::format("{} lease {}", text, renewed->lease.us());
  }
  if (const auto* opened = std::get_if<command::Opened>(&reply)) {
    return fmt::format("{} ttl {}", text, opened->ttl.us());
  }
  return text;
}

inline std::string exact_text_of(const command::Event& event) {
  struct Visitor {
    std::string operator()(const command::WaitEnded& e) const {
      return fmt::format("wait {} of {}/{} ticket '{}': {}", e.waiter, e.session, e.connection,
                         e.ticket, exact_text_of(e.reply));
    }
    std::string operator()(const command::Notice& n) const {
      return fmt::format("notice {} to {}/{}: {}", n.kind, n.session, n.connection,
                         text_of(command::Value(n.details)));
    }
    std::string operator()(const command::SessionEnded& e) const {
      return fmt::format("session {} {}", e.session, e.cause);
    }
    std::string operator()(const command::LeaderChanged& e) const {
      return fmt::format("leader of {}: {}", e.election, text_of(e.leader));
    }
  };
  return std::visit(Visitor{}, event);
}

}  // namespace state
