// What COMMAND of a task is handed, byte by byte.
#include "cli/flow/task_input.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

using turnstile::TaskResult;
using turnstile::TaskState;

TaskResult completed(std::string task, std::string result) {
  return {std::move(task), TaskState::Completed, std::move(result), ""};
}

TEST(TaskInputTest, without_predecessors_there_is_none) {
  EXPECT_EQ(task_input({}, false).bytes, std::nullopt);
  EXPECT_EQ(task_input({}, false).kind, "none");
  EXPECT_EQ(task_input({}, true).bytes, "[]\n");
}

TEST(TaskInputTest, the_result_of_a_single_predecessor_comes_as_it_is) {
  const std::string bytes("\0\xff\n", 3);
  const TaskInput input = task_input({completed("a", bytes)}, false);
  EXPECT_EQ(input.bytes, bytes);
  EXPECT_EQ(input.kind, "result");
  EXPECT_EQ(task_input({completed("a", "")}, false).bytes, "");
}

TEST(TaskInputTest, json_if_it_is_asked_for) {
  const TaskInput input = task_input({completed("a", "r")}, true);
  EXPECT_EQ(input.bytes, R"([{"task":"a","state":"completed","result":"r"}])"
                         "\n");
  EXPECT_EQ(input.kind, "json");
}

TEST(TaskInputTest, a_single_predecessor_that_did_not_complete_has_no_result_to_be_mistaken_for) {
  const TaskInput input = task_input({{"a", TaskState::Failed, "", "declined"}}, false);
  EXPECT_EQ(input.bytes, R"([{"task":"a","state":"failed","reason":"declined"}])"
                         "\n");
  EXPECT_EQ(input.kind, "json");
}

TEST(TaskInputTest, several_come_in_their_order) {
  EXPECT_EQ(
      results_json({completed("b", "2"), {"a", TaskState::Skipped, "", "x"}, completed("c", "3")}),
      R"([{"task":"b","state":"completed","result":"2"},)"
      R"({"task":"a","state":"skipped","reason":"x"},)"
      R"({"task":"c","state":"completed","result":"3"}])"
      "\n");
}

TEST(TaskInputTest, bytes_that_are_not_utf8_are_in_base64_and_say_so) {
  EXPECT_EQ(results_json({completed("a", "\xff\xfe")}),
            R"([{"task":"a","state":"completed","result":"//4=","encoding":"base64"}])"
            "\n");
  EXPECT_EQ(results_json({completed("a", "Zürich\n")}),
            R"([{"task":"a","state":"completed","result":"Zürich\n"}])"
            "\n");
}

TEST(TaskInputTest, what_no_environment_can_hold_is_in_base64) {
  EXPECT_EQ(variable("X", "a b\n"), "X=a b\n");
  EXPECT_EQ(variable("X", ""), "X=");
  EXPECT_EQ(variable("X", std::string_view("a\0b", 3)), "X_BASE64=YQBi");
}

}  // namespace
}  // namespace cli
