// Good histories are found good by every layer, and each kind of lie is found.
#include "checker/check.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checker/made_history.h"

namespace checker {
namespace {

/// Every violation on a line, and what was compared.
std::string text_of(const Report& report) {
  std::string text;
  for (const Violation& violation : report.violations) {
    text += fmt::format("{} at {}: {}\n", violation.promise, violation.index, violation.sentence);
  }
  return text + fmt::format(
                    "model: {}, {} of {}; found {} repeated {} unjudged {} applied {} "
                    "not {} foreign {} holds {} queued {} completions {}\n",
                    report.model, report.judged_by_model, report.entries, report.found,
                    report.repeated, report.unjudged, report.applied, report.not_applied,
                    report.foreign, report.holds, report.queued, report.completions);
}

Report checked(const MadeHistory& made) {
  Check check(made.history);
  for (const command::Entry& entry : made.entries) {
    EXPECT_TRUE(check.witness().replay(entry).has_value());
  }
  return check.finish();
}

TEST(CheckTest, what_a_machine_says_is_good) {
  for (const bool has_tasks : {false, true}) {
    // The model of tasks looks at every task there is after every entry.
    const std::uint64_t operations = has_tasks ? 500 : 2'000;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const MadeHistory made =
          make_history({.seed = seed, .operations = operations, .has_tasks = has_tasks});
      const Report report = checked(made);
      ASSERT_TRUE(report.is_good()) << "seed " << seed << "\n" << text_of(report);
      EXPECT_EQ(report.model, has_tasks ? "tasks and signals" : "locks");
      EXPECT_EQ(report.unjudged, 0U) << text_of(report);
      EXPECT_EQ(report.judged_by_model, made.entries.size());
      EXPECT_GT(report.found, operations / 4) << text_of(report);
      EXPECT_GT(report.applied, 0U) << text_of(report);
      EXPECT_TRUE(has_tasks || report.queued > 10U) << text_of(report);
      EXPECT_TRUE(!has_tasks || report.completions > 10U) << text_of(report);
    }
  }
}

TEST(CheckTest, as_many_clients_as_there_are) {
  const MadeHistory made =
      make_history({.seed = 5, .operations = 3'000, .clients = 700, .keys = 300});
  const Report report = checked(made);
  EXPECT_TRUE(report.is_good()) << text_of(report);
  EXPECT_EQ(report.judged_by_model, made.entries.size());
}

}  // namespace
}  // namespace checker
