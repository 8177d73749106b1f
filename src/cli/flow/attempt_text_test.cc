// What is said of an attempt that is over, for people and as JSON.
#include "cli/flow/attempt_text.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

AttemptSummary summary(AttemptReport report) {
  return {.flow = "pay/7",
          .task = "capture",
          .number = 2,
          .token = 4711,
          .took = std::chrono::milliseconds(812),
          .report = std::move(report)};
}

TEST(AttemptTextTest, a_line_says_what_came_of_it) {
  EXPECT_EQ(attempt_text(summary({.end = AttemptEnd::Completed, .result = "700"})),
            "pay/7 capture, attempt 2: completed after 812ms, 3 bytes");
  EXPECT_EQ(attempt_text(summary({.end = AttemptEnd::Failed, .status = 3, .reason = "no money"})),
            "pay/7 capture, attempt 2: failed after 812ms: no money");
  EXPECT_EQ(attempt_text(summary({.end = AttemptEnd::Lost, .status = 76})),
            "pay/7 capture, attempt 2: lost after 812ms");
}

TEST(AttemptTextTest, no_name_or_reason_can_break_the_line) {
  AttemptSummary attempt = summary({.end = AttemptEnd::Failed, .status = 1, .reason = "a\nb"});
  attempt.flow = "f\n1";
  const std::string line = attempt_text(attempt);
  EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  EXPECT_EQ(attempt_json(attempt).find('\n'), std::string::npos);
}

TEST(AttemptTextTest, json_has_a_field_for_each_part) {
  EXPECT_EQ(attempt_json(summary({.end = AttemptEnd::Completed, .result = "700"})),
            R"({"flow":"pay/7","task":"capture","attempt":2,"token":4711,"outcome":"completed",)"
            R"("took":812,"status":0,"result_bytes":3})");
  EXPECT_EQ(attempt_json(summary({.end = AttemptEnd::TriedAgain, .status = 75, .reason = "busy"})),
            R"({"flow":"pay/7","task":"capture","attempt":2,"token":4711,"outcome":"retry",)"
            R"("took":812,"status":75,"reason":"busy"})");
}

}  // namespace
}  // namespace cli
