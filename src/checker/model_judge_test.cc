// What a model finds, on the asker's thread and beside it.
#include "checker/model_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "checker/check.h"
#include "checker/made_history.h"

namespace checker {
namespace {

using Threads = ModelJudge::Threads;
using testing::HasSubstr;

class ModelJudgeTest : public testing::TestWithParam<Threads> {
 protected:
  ModelJudgeTest() : made_(make_history({.seed = 7, .operations = 2'000})) {}

  /// Replays; `distort` may change what the judge is shown of an entry.
  template <class Distort>
  std::optional<ModelJudge::Finding> judge(ModelJudge& judge, Distort distort) {
    state::Machine machine;
    std::optional<ModelJudge::Finding> first;
    for (const command::Entry& entry : made_.entries) {
      command::Outcome outcome = machine.apply(entry);
      distort(entry, outcome);
      judge.judge(entry, outcome, machine);
      if (!first) first = judge.take_finding();
    }
    return first ? first : judge.finish(machine);
  }

  MadeHistory made_;
};

TEST_P(ModelJudgeTest, FindsNothingInWhatIsRight) {
  ModelJudge models(GetParam());
  EXPECT_FALSE(judge(models, [](auto&, auto&) {}));
  EXPECT_EQ(models.judged(), made_.entries.size());
  EXPECT_EQ(models.name(), "locks");
}

TEST_P(ModelJudgeTest, FindsATokenThatIsAnother) {
  std::uint64_t at = 0;
  int grants = 0;
  ModelJudge models(GetParam());
  const auto finding = judge(models, [&](const command::Entry& entry, command::Outcome& outcome) {
    auto* granted = std::get_if<command::Granted>(&outcome.reply);
    if (granted == nullptr || ++grants != 50) return;
    ++granted->token;
    at = entry.index;
  });
  ASSERT_TRUE(finding);
  EXPECT_NE(at, 0U);
  EXPECT_EQ(finding->index, at);
  EXPECT_FALSE(finding->place);
  EXPECT_THAT(models.name(), HasSubstr("which it contradicts"));
}

TEST_P(ModelJudgeTest, FindsAnotherStateInTheEnd) {
  ModelJudge models(GetParam());
  state::Machine machine;
  for (const command::Entry& entry : made_.entries) {
    models.judge(entry, machine.apply(entry), machine);
  }
  const state::Machine other;
  const auto finding = models.finish(other);
  ASSERT_TRUE(finding);
  EXPECT_THAT(finding->sentence, HasSubstr("in the end"));
}

TEST_P(ModelJudgeTest, JudgesAHistoryAlike) {
  for (const bool has_tasks : {false, true}) {
    const MadeHistory made =
        make_history({.seed = 11, .operations = 3'000, .has_tasks = has_tasks});
    Check check(made.history, GetParam());
    for (const command::Entry& entry : made.entries) check.witness().replay(entry);
    const Report report = check.finish();
    EXPECT_TRUE(report.is_good());
    EXPECT_EQ(report.judged_by_model, made.entries.size());
    EXPECT_EQ(report.model, has_tasks ? "tasks and signals" : "locks");
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, ModelJudgeTest, testing::Values(Threads::One, Threads::Two));

}  // namespace
}  // namespace checker
