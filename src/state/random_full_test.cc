// Random walks over every command and option there is: after each entry the
// invariants hold, which are the promises as far as one state can show them, a
// refusal has changed nothing, and a standby by the journal and a copy from a
// snapshot are in the same state and answer the same.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "state/machine.h"
#include "state/test_text.h"
#include "state/test_walk.h"

namespace state {
namespace {

constexpr std::uint64_t kWalks = 3'400;  // a million entries
constexpr std::uint64_t kSteps = 300;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

std::string printed(const command::Outcome& outcome) {
  std::string text = exact_text_of(outcome.reply);
  for (const command::Event& event : outcome.events) text += "\n    " + exact_text_of(event);
  return text;
}

std::unique_ptr<Machine> copy_of(const Machine& machine) {
  std::string bytes;
  machine.save(bytes);
  auto copy = std::make_unique<Machine>();
  const auto result = copy->restore(bytes);
  EXPECT_TRUE(result.has_value()) << result.error().message;
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

class FullWalk {
 public:
  explicit FullWalk(std::uint64_t seed) : walk_(SeededChoices(seed), Extent::Full) {}

  /// False once something was wrong.
  bool step() {
    const command::Entry entry =
        walk_.next(machine_.next_index(), machine_.now(), machine_.next_deadline());
    const std::uint64_t digest = machine_.digest();
    last_ = fmt::format("{} {} of {}/{}", entry.index,
                        command::kind_name(command::kind_of(entry.command)), entry.origin.session,
                        entry.origin.connection);
    const command::Outcome outcome = machine_.apply(entry);
    const auto broken = machine_.broken_invariant();
    EXPECT_FALSE(broken) << *broken;
    if (outcome.changed) {
      const command::Outcome replayed = standby_.apply(through_journal(entry));
      EXPECT_EQ(printed(replayed), printed(outcome)) << "by replay";
      EXPECT_EQ(standby_.digest(), machine_.digest()) << "by replay";
    } else {
      EXPECT_EQ(machine_.digest(), digest) << "what changes nothing changes nothing";
    }
    const command::Outcome other = copy_->apply(entry);
    EXPECT_EQ(printed(other), printed(outcome)) << "from a snapshot";
    if (walk_.choose(20) == 0) copy_ = copy_of(machine_);
    walk_.learn(entry, outcome);
    return !testing::Test::HasFailure();
  }

  const std::string& last() const { return last_; }
  /// All keys as LOCK.INFO describes them.
  std::string describe() {
    std::string text;
    for (const char* key : {"a", "b", "c", "d"}) {
      command::Entry entry;
      entry.index = machine_.next_index();
      entry.now = machine_.now();
      entry.command = command::LockInfo{key};
      text += "\n  " + exact_text_of(machine_.apply(entry).reply);
    }
    return text;
  }

 private:
  Walk<SeededChoices> walk_;
  Machine machine_;
  Machine standby_;
  std::unique_ptr<Machine> copy_ = std::make_unique<Machine>();
  std::string last_;
};

TEST(RandomFullTest, the_promises_hold_whatever_is_asked) {
  const std::uint64_t first = from_environment("TURNSTILE_WALK_FIRST", 1);
  const std::uint64_t walks = from_environment("TURNSTILE_WALKS", kWalks);
  for (std::uint64_t seed = first; seed < first + walks; ++seed) {
    FullWalk walk(seed);
    for (std::uint64_t i = 0; i < kSteps; ++i) {
      if (!walk.step())
        FAIL() << "seed " << seed << ", step " << i << ": " << walk.last() << walk.describe();
    }
  }
}

}  // namespace
}  // namespace state
