// What the state machine answers, and what it tells others.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "command/errors.h"

namespace command {

/// A tree of plain values, for answers that describe something (INFO, LIST).
struct Value {
  using List = std::vector<Value>;
  using Map = std::vector<std::pair<std::string, Value>>;
  std::variant<std::monostate, bool, std::int64_t, std::string, List, Map> data;

  Value() = default;
  Value(bool b) : data(b) {}  // NOLINT(google-explicit-constructor): literals read as values
  Value(std::int64_t n) : data(n) {}  // NOLINT(google-explicit-constructor)
  Value(std::uint64_t n) : data(static_cast<std::int64_t>(n)) {}  // NOLINT
  Value(int n) : data(std::int64_t{n}) {}              // NOLINT(google-explicit-constructor)
  Value(std::string s) : data(std::move(s)) {}         // NOLINT(google-explicit-constructor)
  Value(const char* s) : data(std::string(s)) {}       // NOLINT(google-explicit-constructor)
  Value(std::string_view s) : data(std::string(s)) {}  // NOLINT(google-explicit-constructor)
  Value(const base::Text& s) : data(s.str()) {}        // NOLINT(google-explicit-constructor)
  Value(List l) : data(std::move(l)) {}                // NOLINT(google-explicit-constructor)
  Value(Map m) : data(std::move(m)) {}                 // NOLINT(google-explicit-constructor)

  bool operator==(const Value&) const = default;
};

struct Done {
  bool operator==(const Done&) const = default;
};

struct Number {
  std::int64_t value = 0;
  bool operator==(const Number&) const = default;
};

struct Opened {
  std::uint64_t session = 0;
  base::Duration ttl;
  bool operator==(const Opened&) const = default;
};

struct Granted {
  std::uint64_t token = 0;
  base::Duration lease;   ///< what remains of it at the entry that answers
  base::Duration waited;  ///< from this request's apply to the grant
  bool operator==(const Granted&) const = default;
};

struct Renewed {
  std::uint64_t token = 0;
  base::Duration lease;
  bool operator==(const Renewed&) const = default;
};

/// How a predecessor ended.
struct TaskOutcome {
  std::string task;
  std::string state;   ///< "completed", "failed", "skipped" or "cancelled"
  std::string result;  ///< what it completed with, or the reason in words
  bool operator==(const TaskOutcome&) const = default;
};

/// A task is the asker's to run.
struct Attempt {
  std::string flow;
  std::string task;
  std::int64_t number = 1;  ///< of those that count
  std::uint64_t token = 0;
  base::Duration lease;   ///< what remains of its time-out at the entry that answers
  base::Duration waited;  ///< from this request's apply to the attempt
  std::string input;
  std::string checkpoint;             ///< of the attempt before, if it left one
  std::vector<TaskOutcome> outcomes;  ///< of the predecessors, in the order of AFTER
  bool operator==(const Attempt&) const = default;
};

/// The outcome comes later, as an event for this waiter.
struct Waiting {
  std::uint64_t waiter = 0;
  bool operator==(const Waiting&) const = default;
};

using Reply =
    std::variant<Done, Number, Opened, Granted, Renewed, Waiting, Attempt, Value, Refused>;

/// A wait was decided.
struct WaitEnded {
  std::uint64_t waiter = 0;
  std::uint64_t connection = 0;  ///< that asked last
  std::uint64_t session = 0;     ///< 0: none
  std::string ticket;            ///< empty: the connection blocks
  Reply reply;                   ///< the outcome: never Waiting
};

/// A holder must know: its grant or its session ended without its doing.
struct Notice {
  std::uint64_t session = 0;     ///< 0: tell the connection
  std::uint64_t connection = 0;  ///< that asked for the grant
  std::string kind;              ///< "lost", "preempt" or "revoked"
  Value::Map details;
};

/// A session is over; its connections must forget it.
struct SessionEnded {
  std::uint64_t session = 0;
  std::string cause;  ///< "closed" or "expired"
};

/// An election has another leader, none any more, or one that proclaims something else.
struct LeaderChanged {
  std::string election;
  Value leader;  ///< as ELECTION.LEADER answers
};

using Event = std::variant<WaitEnded, Notice, SessionEnded, LeaderChanged>;

/// What one entry brought about.
struct Outcome {
  Reply reply;
  bool changed = false;       ///< false: the state is as before, and nothing needs to be journalled
  std::vector<Event> events;  ///< in the order in which they happened; empty unless changed
};

}  // namespace command
