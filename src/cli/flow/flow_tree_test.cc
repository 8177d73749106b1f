// Flows are drawn as trees: each task once, chains narrow, and what went wrong in words.
#include "cli/flow/flow_tree.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

#include "cli/flow/flow_words.h"

namespace cli {
namespace {

using turnstile::Reply;
using Pairs = std::vector<std::pair<std::string, Reply>>;

Reply text(std::string value) { return {.kind = Reply::Kind::Text, .text = value, .items = {}}; }

Reply number(std::int64_t value) {
  return {.kind = Reply::Kind::Integer, .integer = value, .text = {}, .items = {}};
}

Reply list(std::vector<Reply> items) {
  return {.kind = Reply::Kind::Array, .text = {}, .items = std::move(items)};
}

Reply map(const Pairs& pairs) {
  Reply reply{.kind = Reply::Kind::Map, .text = {}, .items = {}};
  for (const auto& [key, value] : pairs) {
    reply.items.push_back(text(key));
    reply.items.push_back(value);
  }
  return reply;
}

Reply task(const std::string& name, const std::vector<std::string>& after,
           const std::string& state = "pending", const Pairs& more = {}) {
  std::vector<Reply> names;
  for (const std::string& before : after) names.push_back(text(before));
  Pairs pairs{{"task", text(name)},
              {"state", text(state)},
              {"after", list(std::move(names))},
              {"age", number(3'200)},
              {"attempts", number(5)}};
  pairs.insert(pairs.end(), more.begin(), more.end());
  return map(pairs);
}

Reply flow(std::vector<Reply> tasks, const std::string& state = "running") {
  return map({{"flow", text("pay/7")},
              {"state", text(state)},
              {"closed", number(0)},
              {"since", number(0)},
              {"count", number(static_cast<std::int64_t>(tasks.size()))},
              {"tasks", list(std::move(tasks))}});
}

std::string drawn(const Reply& flow) {
  std::string out;
  for (const TreeLine& line : tree_of(flow)) {
    out += line.branch + std::string(line.task->text_of("task")) + "\n";
  }
  return out;
}

TEST(FlowTreeTest, a_chain_stays_narrow) {
  EXPECT_EQ(drawn(flow({task("a", {}), task("b", {"a"}), task("c", {"b"})})), "a\n↓ b\n↓ c\n");
}

TEST(FlowTreeTest, branches_hang_under_their_first_predecessor) {
  const Reply branched = flow({task("a", {}), task("b", {"a"}), task("c", {"b"}), task("d", {"a"}),
                               task("e", {"d", "c"}), task("f", {})});
  EXPECT_EQ(drawn(branched), "a\n├─ b\n│  ↓ c\n└─ d\n   ↓ e\nf\n");
}

TEST(FlowTreeTest, a_task_whose_predecessor_is_not_shown_is_a_root) {
  EXPECT_EQ(drawn(flow({task("b", {"a"}), task("c", {"b"})})), "b\n↓ c\n");
  EXPECT_EQ(drawn(flow({})), "");
}

TEST(FlowTreeTest, every_task_is_drawn_once_however_deep) {
  std::vector<Reply> tasks{task("0", {})};
  for (int i = 1; i < 1'000; ++i) {
    const std::string before = std::to_string(i - 1);
    tasks.push_back(task(std::to_string(i), {before}));
    tasks.push_back(task("side" + before, {before}));
  }
  EXPECT_EQ(tree_of(flow(tasks)).size(), tasks.size());
}

TEST(FlowTextTest, says_who_runs_what_and_what_waits_for_what) {
  const Reply info = flow(
      {task("reserve", {}, "completed",
            {{"result_bytes", number(12)},
             {"attempt", number(1)},
             {"history", list({map({{"started", number(1'000)}, {"ended", number(2'500)}})})}}),
       task("check", {"reserve"}, "running",
            {{"attempt", number(2)},
             {"session", number(12)},
             {"name", text("check.sh@web-1:81")},
             {"note", text("rush")}}),
       task("capture", {"reserve", "check"}, "pending", {{"candidates", number(1)}})});
  EXPECT_EQ(flow_text(info, Terminal()),
            "pay/7 is running, since 1970-01-01 00:00:00Z\n"
            "3 tasks: 1 completed, 1 running, 1 pending\n"
            "\n"
            "TASK        STATE       FOR     TRY\n"
            "reserve     completed  3.2s  1 of 5  took 1.5s, 12 bytes\n"
            "├─ check    running    3.2s  2 of 5  by check.sh@web-1:81 (session 12): rush\n"
            "└─ capture  pending    3.2s          waits for check; 1 would run it; also after "
            "check\n");
}

TEST(FlowTextTest, fits_the_terminal) {
  const Reply info = flow(
      {task("a", {}, "running", {{"name", text(std::string(200, 'x'))}, {"session", number(1)}})});
  const std::string drawing = flow_text(info, Terminal{.width = 80});
  EXPECT_NE(drawing.find("…"), std::string::npos);
  EXPECT_EQ(drawing.find(std::string(80, 'x')), std::string::npos);
}

TEST(FlowTextTest, causes_stand_below_whole) {
  const Reply info = flow({task("a", {}, "dead",
                                {{"cause", text("attempts used up")},
                                 {"attempt", number(5)},
                                 {"history", list({map({{"how", text("timed out")}})})}}),
                           task("b", {"a"}, "skipped", {{"cause", text("\"a\" failed")}}),
                           task("c", {}, "completed", {{"cause", text("never shown")}})},
                          "held");
  const std::string out = flow_text(info, Terminal());
  EXPECT_NE(out.find("\nWhy:\n  a dead: attempts used up\n  b skipped: \"a\" failed\n"),
            std::string::npos)
      << out;
  EXPECT_NE(out.find("turnstile redrive or turnstile cancel decides"), std::string::npos);
  EXPECT_NE(out.find("timed out"), std::string::npos);
  EXPECT_EQ(out.find("never shown"), std::string::npos);
}

TEST(FlowTextTest, a_name_cannot_steer_the_terminal) {
  EXPECT_EQ(flow_text(flow({task("\x1b[2J", {})}), Terminal()).find('\x1b'), std::string::npos);
}

TEST(FlowTextTest, states_have_colours) {
  EXPECT_EQ(flow_state_cell(task("a", {}, "dead")).style, Style::Warning);
  EXPECT_EQ(flow_state_cell(task("a", {}, "completed")).style, Style::Free);
  EXPECT_EQ(flow_state_cell(task("a", {}, "running")).style, Style::Held);
  EXPECT_EQ(flow_state_cell(task("a", {}, "ready")).style, Style::Waiting);
  EXPECT_EQ(flow_state_cell(task("a", {}, "pending")).style, Style::Plain);
}

TEST(FlowWordsTest, attempts_are_counted_once_there_was_one) {
  EXPECT_EQ(attempts_text(task("a", {}, "ready", {{"attempt", number(0)}})), "");
  EXPECT_EQ(attempts_text(task("a", {}, "ready", {{"attempt", number(2)}})), "2 of 5");
}

TEST(FlowWordsTest, what_is_delayed_says_for_how_long_and_why) {
  const Reply delayed = task("a", {}, "delayed",
                             {{"starts_in", number(800)},
                              {"history", list({map({{"how", text("failed, to be retried")}})})}});
  EXPECT_EQ(task_detail(flow({}), delayed), "starts in 800ms; failed, to be retried");
}

}  // namespace
}  // namespace cli
