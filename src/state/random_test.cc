// Random walks: whatever a few quarrelling clients may do, the machine keeps its
// invariants, agrees with the naive model on every reply and event, serves in
// the promised order, and is the same after a replay and from a snapshot.
//
// TURNSTILE_WALKS and TURNSTILE_WALK_FIRST in the environment ask for more walks
// than the suite has time for, from another seed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "state/machine.h"
#include "state/test_model.h"
#include "state/test_walk.h"

namespace state {
namespace {

constexpr std::uint64_t kWalks = 250;
constexpr std::uint64_t kSteps = 300;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

const command::Value& at(const command::Value& value, std::string_view name) {
  for (const auto& [key, item] : std::get<command::Value::Map>(value.data)) {
    if (key == name) return item;
  }
  ADD_FAILURE() << "there is no " << name << " in " << text_of(value);
  return value;
}

const command::Value::List& rows(const command::Value& value) {
  return std::get<command::Value::List>(value.data);
}

/// `(1 5000 7 t)`: the named fields of each row.
std::string fields_of(const command::Value& list, std::initializer_list<const char*> names) {
  std::string text;
  for (const auto& row : rows(list)) {
    std::string fields;
    for (const char* name : names) fields += (fields.empty() ? "" : " ") + text_of(at(row, name));
    text += "(" + fields + ")";
  }
  return text;
}

/// Of a description as much as the model says of it.
std::string described(const command::Command& command, const command::Value& value) {
  std::string text;
  if (std::holds_alternative<command::SessionAttach>(command)) {
    return fmt::format("attached {} grants {} waits {}", text_of(at(value, "id")),
                       fields_of(at(value, "grants"), {"token", "lease", "request", "ticket"}),
                       fields_of(at(value, "waits"), {"ticket", "request", "wait"}));
  }
  if (std::holds_alternative<command::LockInfo>(command)) {
    text = fmt::format("holders {} waiters {}",
                       fields_of(at(value, "holders"), {"session", "connection"}),
                       fields_of(at(value, "waiters"), {"session", "connection"}));
    std::replace(text.begin(), text.end(), '-', '0');
    return text;
  }
  if (std::holds_alternative<command::LockList>(command)) {
    text = "keys";
    for (const auto& row : rows(value)) text += " " + text_of(at(row, "key"));
    return text;
  }
  text = "sessions";
  for (const auto& row : rows(value)) {
    text += fmt::format(" {}:{}", text_of(at(row, "id")), text_of(at(row, "remaining")));
  }
  return text;
}

Model::Answer answer_of(const command::Entry& entry, const command::Outcome& outcome) {
  Model::Answer answer;
  const auto* value = std::get_if<command::Value>(&outcome.reply);
  answer.reply = value != nullptr ? described(entry.command, *value) : exact_text_of(outcome.reply);
  for (const command::Event& event : outcome.events) answer.events.push_back(exact_text_of(event));
  answer.changed = outcome.changed;
  return answer;
}

std::string printed(const Model::Answer& answer) {
  std::string text = (answer.changed ? "changed: " : "unchanged: ") + answer.reply;
  for (const std::string& event : answer.events) text += "\n    " + event;
  return text;
}

std::string printed(const command::Entry& entry) {
  std::string text =
      fmt::format("{} at {} us: {} of {}/{}/{} request {} ticket '{}'", entry.index, entry.now.us(),
                  command::kind_name(command::kind_of(entry.command)), entry.origin.user,
                  entry.origin.session, entry.origin.connection, entry.request, entry.ticket);
  if (const auto* acquire = std::get_if<command::LockAcquire>(&entry.command)) {
    for (const auto& k : acquire->keys) text += fmt::format(" {}{}", k.key, k.shared ? "s" : "x");
    text +=
        fmt::format(" wait {} lease {} priority {} agent '{}'", acquire->wait.ms(),
                    acquire->lease ? acquire->lease->ms() : -1, acquire->priority, acquire->agent);
  } else if (const auto* release = std::get_if<command::LockRelease>(&entry.command)) {
    text += fmt::format(" {} token {}", release->key, release->token);
  }
  return text;
}

/// L6, judged by the history alone: who is granted while an older wait for the same stays behind
/// came no later than the difference of priorities is worth.
class OrderJudge {
 public:
  void see(const command::Entry& entry, const command::Outcome& outcome) {
    if (const auto* configure = std::get_if<command::Configure>(&entry.command)) {
      if (outcome.changed) ageing_ = configure->rules.ageing_step;
    }
    const auto* acquire = std::get_if<command::LockAcquire>(&entry.command);
    const bool anew = !std::holds_alternative<command::Waiting>(outcome.reply) ||
                      std::get<command::Waiting>(outcome.reply).waiter == entry.index;
    if (acquire != nullptr && outcome.changed && anew) {
      const base::Time worth = entry.now - ageing_ * acquire->priority;
      const Request request{worth, acquire->keys};
      if (std::holds_alternative<command::Granted>(outcome.reply))
        judge(request);
      else
        waiting_[entry.index] = request;
    }
    for (const command::Event& event : outcome.events) {
      const auto* ended = std::get_if<command::WaitEnded>(&event);
      if (ended == nullptr) continue;
      const Request request = waiting_.at(ended->waiter);
      waiting_.erase(ended->waiter);
      if (std::holds_alternative<command::Granted>(ended->reply)) judge(request);
    }
  }

 private:
  struct Request {
    base::Time worth;
    std::vector<command::KeyMode> keys;
  };

  void judge(const Request& granted) const {
    for (const auto& [id, other] : waiting_) {
      for (const auto& a : granted.keys) {
        for (const auto& b : other.keys) {
          if (a.key != b.key || (a.shared && b.shared)) continue;
          EXPECT_LE(granted.worth, other.worth) << "waiter " << id << " was overtaken";
        }
      }
    }
  }

  base::Duration ageing_ = command::Rules{}.ageing_step;
  std::map<std::uint64_t, Request> waiting_;
};

/// Another machine that follows, by the journal or from a snapshot.
std::unique_ptr<Machine> restored(const Machine& machine) {
  std::string bytes;
  machine.save(bytes);
  auto copy = std::make_unique<Machine>();
  const auto result = copy->restore(bytes);
  EXPECT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(copy->digest(), machine.digest());
  return copy;
}

command::Entry through_journal(const command::Entry& entry) {
  std::string payload;
  command::encode(entry, payload);
  command::Entry decoded;
  decoded.index = entry.index;
  decoded.now = entry.now;
  decoded.wall = entry.wall;
  EXPECT_TRUE(command::decode(payload, decoded).has_value());
  return decoded;
}

/// One walk with everything that watches it.
class WatchedWalk {
 public:
  explicit WatchedWalk(std::uint64_t seed) : walk_(SeededChoices(seed)) {}

  /// False once something was wrong.
  bool step() {
    const command::Entry entry =
        walk_.next(machine_.next_index(), machine_.now(), machine_.next_deadline());
    const std::uint64_t digest = machine_.digest();
    const std::uint64_t running = machine_.running_digest();
    const command::Outcome outcome = machine_.apply(entry);
    machine_.check_invariants();
    if (!outcome.changed) {
      EXPECT_EQ(machine_.digest(), digest);
      EXPECT_EQ(machine_.running_digest(), running);
    }
    compare(entry, outcome);
    follow(entry, outcome);
    judge_.see(entry, outcome);
    walk_.learn(entry, outcome);
    if (testing::Test::HasFailure()) history_ += printed(entry) + "\n";
    return !testing::Test::HasFailure();
  }

  const std::string& history() const { return history_; }

 private:
  void compare(const command::Entry& entry, const command::Outcome& outcome) {
    const Model::Answer expected = model_.apply(entry, outcome);
    const Model::Answer actual = answer_of(entry, outcome);
    if (actual != expected) {
      ADD_FAILURE() << printed(entry) << "\n  the machine: " << printed(actual)
                    << "\n  the promises: " << printed(expected);
    }
    history_ += fmt::format("{}\n  {}\n", printed(entry), printed(actual));
  }

  void follow(const command::Entry& entry, const command::Outcome& outcome) {
    if (outcome.changed) {
      const command::Outcome replayed = standby_.apply(through_journal(entry));
      EXPECT_EQ(printed(answer_of(entry, replayed)), printed(answer_of(entry, outcome)));
      EXPECT_EQ(standby_.digest(), machine_.digest()) << "by replay";
      EXPECT_EQ(standby_.running_digest(), machine_.running_digest()) << "by replay";
    }
    const command::Outcome other = copy_->apply(entry);
    EXPECT_EQ(printed(answer_of(entry, other)), printed(answer_of(entry, outcome)));
    EXPECT_EQ(copy_->running_digest(), machine_.running_digest()) << "from a snapshot";
    if (walk_.choose(40) != 0) return;
    EXPECT_EQ(copy_->digest(), machine_.digest()) << "from a snapshot";
    copy_ = restored(machine_);
  }

  Walk<SeededChoices> walk_;
  Machine machine_;
  Machine standby_;
  std::unique_ptr<Machine> copy_ = std::make_unique<Machine>();
  Model model_;
  OrderJudge judge_;
  std::string history_;
};

TEST(RandomTest, the_machine_keeps_its_promises_whatever_clients_do) {
  const std::uint64_t first = from_environment("TURNSTILE_WALK_FIRST", 1);
  const std::uint64_t walks = from_environment("TURNSTILE_WALKS", kWalks);
  for (std::uint64_t seed = first; seed < first + walks; ++seed) {
    WatchedWalk walk(seed);
    for (std::uint64_t i = 0; i < kSteps; ++i) {
      if (walk.step()) continue;
      const std::string& history = walk.history();
      FAIL() << "seed " << seed << ", step " << i << "; the last entries:\n"
             << history.substr(history.size() - std::min<std::size_t>(history.size(), 6'000));
    }
  }
}

}  // namespace
}  // namespace state
