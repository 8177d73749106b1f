// What a dump shows of a command is what could be sent to say the same again.
#include "cli/command_words.h"

#include <gtest/gtest.h>

#include <string_view>

#include "command/entry.h"
#include "command/parse.h"

namespace cli {
namespace {

using namespace command;

std::string bytes_of(const Command& command) {
  Entry entry;
  entry.command = command;
  std::string bytes;
  encode(entry, bytes);
  return bytes;
}

std::string line_of(const Command& command) {
  std::string line(kind_name(kind_of(command)));
  for (const std::string& word : arguments_of(command)) line += " " + word;
  return line;
}

/// The words, sent again, are the same command.
void expect_same(const Command& command) {
  std::vector<std::string> words = arguments_of(command);
  words.insert(words.begin(), std::string(kind_name(kind_of(command))));
  const std::vector<std::string_view> argv(words.begin(), words.end());
  const auto request = parse(argv, Limits());
  ASSERT_TRUE(request) << line_of(command) << ": " << request.error().sentence;
  EXPECT_EQ(bytes_of(std::get<Command>(request->call)), bytes_of(command)) << line_of(command);
}

constexpr Duration ms(std::int64_t count) { return Duration::from_ms(count); }

TEST(CommandWordsTest, declarations_say_what_was_said_and_no_more) {
  TaskAdd bare;
  bare.flow = "f";
  bare.task = "t";
  EXPECT_EQ(line_of(bare), "TASK.ADD f t");
  expect_same(bare);
  TaskAdd add = bare;
  add.after.emplace();
  EXPECT_EQ(line_of(add), "TASK.ADD f t AFTER 0");
  add.after = {"a", "WHEN"};
  add.when = When::Failed;
  add.on_dead = OnDead::Skip;
  add.timeout = ms(1);
  add.attempts = 2;
  add.backoff = Backoff{ms(3), ms(4)};
  add.delay = ms(0);
  add.deadline = ms(6);
  add.input = "";
  add.priority = std::uint8_t{0};
  expect_same(add);
}

TEST(CommandWordsTest, those_who_run_tasks) {
  TaskJoin join;
  join.flow = "f";
  join.task = "t";
  join.wait = ms(5);
  join.priority = 3;
  join.agent = "agent";
  join.note = "note";
  join.preemption = ms(0);
  expect_same(join);
  TaskTake take;
  take.tasks = {"a", "b"};
  take.flows = "p/";
  take.wait = ms(5);
  expect_same(take);
  expect_same(TaskComplete{"f", "t", 5, "two words"});
  expect_same(TaskFail{"f", "t", 5, "RETRY", true});
  expect_same(TaskFail{"f", "t", 5, "RETRY", false});
  expect_same(TaskRelease{"f", "t", 5, ms(6), "DELAY"});
  expect_same(TaskRelease{"f", "t", 5, ms(0), std::nullopt});
  expect_same(TaskRelease{"f", "t", 5, ms(0), ""});
  expect_same(TaskExtend{"f", "t", 5, ms(6)});
  expect_same(TaskResult{"f", "t", ms(6), "agent"});
}

TEST(CommandWordsTest, those_who_look_and_decide) {
  expect_same(TaskCancel{"f", "t", "why"});
  expect_same(TaskRedrive{"f", "t", ""});
  expect_same(TaskWhy{"f", "t"});
  expect_same(FlowInfo{"f"});
  expect_same(FlowList{"p/", true, 7, "p/1"});
  expect_same(FlowList{"", false, 100, ""});
  expect_same(FlowCancel{"f", "why"});
  expect_same(FlowClose{"f"});
}

TEST(CommandWordsTest, signals) {
  expect_same(EventSet{"e", "AUTO", false});
  expect_same(EventSet{"e", "", true});
  expect_same(EventReset{"e"});
  expect_same(EventWait{"e", 4, ms(6)});
  expect_same(EventWait{"e", std::nullopt, ms(0)});
  expect_same(EventInfo{"e"});
  expect_same(BarrierArrive{"b", 3, "me", command::OnDeath::Shrink, ms(6), "WAIT"});
  expect_same(BarrierArrive{"b", 1, "", command::OnDeath::Break, ms(0), ""});
  expect_same(BarrierInfo{"b"});
  expect_same(LatchSet{"l", 3});
  expect_same(LatchCountdown{"l", "me"});
  expect_same(LatchWait{"l", ms(6)});
  expect_same(LatchInfo{"l"});
}

}  // namespace
}  // namespace cli
