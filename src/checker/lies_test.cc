// Each kind of lie is found: in histories written by hand, which show one promise
// broken each, and in good ones of which one thing was changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "checker/check.h"
#include "checker/made_history.h"

namespace checker {
namespace {

using resp::Type;
using resp::Value;
using testing::Contains;
using Promises = std::set<std::string>;

Value bulk(std::string text) { return {.type = Type::Bulk, .text = std::move(text)}; }
Value number(std::int64_t n) { return {.type = Type::Integer, .integer = n}; }
Value map(std::vector<Value> items) { return {.type = Type::Map, .items = std::move(items)}; }
Value granted(std::int64_t token) {
  return map({bulk("token"), number(token), bulk("lease"), number(9), bulk("waited"), number(0)});
}
Value attempt(const char* task, std::int64_t token, std::vector<Value> results = {}) {
  return map({bulk("flow"),
              bulk("f"),
              bulk("task"),
              bulk(task),
              bulk("token"),
              number(token),
              bulk("results"),
              {.type = Type::Array, .items = std::move(results)}});
}

/// A history by hand: one operation after another, unless told otherwise.
class Story {
 public:
  Operation& tell(std::vector<std::string> argv, std::uint64_t index, Value reply) {
    Operation operation;
    operation.client = history_.size();
    operation.invoked = base::Time::from_us(time_);
    operation.returned = base::Time::from_us(time_ + 5);
    time_ += 10;
    operation.index = index;
    operation.session = 100 + operation.client;
    operation.argv = std::move(argv);
    operation.reply = std::move(reply);
    history_.push_back(std::move(operation));
    return history_.back();
  }
  Operation& at(std::size_t place) { return history_.at(place); }
  /// All operations overlap, so that real time says nothing.
  void all_at_once() {
    for (Operation& operation : history_) {
      operation.invoked = base::Time::from_us(0);
      operation.returned = base::Time::from_us(1'000);
    }
  }
  Promises broken() const {
    const Report report = Check(history_).finish();
    Promises promises;
    for (const Violation& violation : report.violations) promises.insert(violation.promise);
    return promises;
  }

 private:
  std::int64_t time_ = 0;
  History history_;
};

/// A writer who lets readers in and is not answered.
Story story_of_a_downgrade(bool is_answered, bool is_asked_for) {
  Story story;
  story.tell({"LOCK.ACQUIRE", "a"}, 2, granted(2));
  if (is_asked_for) {
    Operation& downgrade =
        story.tell({"LOCK.DOWNGRADE", "a", "2"}, is_answered ? 3 : 0, granted(2));
    if (!is_answered) downgrade.reply.reset();
  }
  story.tell({"LOCK.ACQUIRE", "a", "SHARED"}, 5, granted(5));
  story.tell({"LOCK.RELEASE", "a", "2"}, 6, number(1));
  return story;
}

TEST(LiesTest, readers_beside_a_writer_who_may_have_let_them_in) {
  EXPECT_EQ(story_of_a_downgrade(false, false).broken(), Promises{"L1"});
  EXPECT_EQ(story_of_a_downgrade(true, true).broken(), Promises{});
  EXPECT_EQ(story_of_a_downgrade(false, true).broken(), Promises{});
}

TEST(LiesTest, an_older_index_after_a_newer_one) {
  Story story;
  story.tell({"LOCK.INFO", "a"}, 9, map({}));
  story.tell({"LOCK.INFO", "a"}, 8, map({}));
  EXPECT_EQ(story.broken(), Promises{"order"});
  story.all_at_once();
  EXPECT_EQ(story.broken(), Promises{});
}

TEST(LiesTest, a_grant_while_another_holds) {
  Story story;
  story.tell({"LOCK.ACQUIRE", "a"}, 5, granted(5));
  story.tell({"LOCK.ACQUIRE", "a"}, 6, granted(6));
  story.tell({"LOCK.RELEASE", "a", "5"}, 7, number(1));
  EXPECT_EQ(story.broken(), Promises{"L1"});
  story.at(1).argv = {"LOCK.ACQUIRE", "b", "AND", "a"};
  EXPECT_EQ(story.broken(), Promises{"L1"}) << "one of several keys";
  story.at(1).argv = {"LOCK.ACQUIRE", "a", "SHARED"};
  EXPECT_EQ(story.broken(), Promises{"L1"}) << "a reader beside a writer";
  story.at(0).argv = {"LOCK.ACQUIRE", "a", "SHARED"};
  EXPECT_EQ(story.broken(), Promises{}) << "two readers";
  story.at(1).argv = {"LOCK.ACQUIRE", "a"};
  EXPECT_EQ(story.broken(), Promises{"L1"}) << "a writer beside a reader";
  story.at(1).argv = {"SEM.ACQUIRE", "a", "LIMIT", "1"};
  EXPECT_EQ(story.broken(), Promises{}) << "a semaphore of the same name";
}

TEST(LiesTest, a_hand_off_in_one_entry_is_no_lie) {
  Story story;
  story.tell({"LOCK.ACQUIRE", "a"}, 5, granted(5));
  story.tell({"LOCK.RELEASE", "a", "5"}, 8, number(1));
  story.tell({"LOCK.ACQUIRE", "a", "SHARED"}, 8, granted(7));
  story.all_at_once();
  EXPECT_EQ(story.broken(), Promises{});
  // Unless an entry was whole in between.
  story.tell({"LOCK.INFO", "b"}, 7, map({}));
  story.all_at_once();
  EXPECT_EQ(story.broken(), Promises{"L1"});
}

TEST(LiesTest, more_permits_than_there_are) {
  Story story;
  story.tell({"SEM.ACQUIRE", "pool", "LIMIT", "3", "PERMITS", "2"}, 5, granted(5));
  story.tell({"SEM.ACQUIRE", "pool", "PERMITS", "2"}, 6, granted(6));
  story.tell({"SEM.RELEASE", "pool", "5"}, 7, number(1));
  EXPECT_EQ(story.broken(), Promises{"L1"});
  story.at(1).argv.back() = "1";
  EXPECT_EQ(story.broken(), Promises{});
}

TEST(LiesTest, a_token_twice_or_an_old_one) {
  Story story;
  story.tell({"LOCK.ACQUIRE", "a"}, 5, granted(5));
  story.tell({"LOCK.ACQUIRE", "b"}, 6, granted(5));
  EXPECT_THAT(story.broken(), Contains("L2"));
  story.at(1).reply = granted(4);
  EXPECT_EQ(story.broken(), Promises{"L2"}) << "older than what was known";
  story.at(1).reply = granted(7);
  EXPECT_EQ(story.broken(), Promises{"L2"}) << "newer than its answer";
}

TEST(LiesTest, what_is_asked_again_is_done_again) {
  Story story;
  story.tell({"LOCK.ACQUIRE", "a"}, 5, granted(5));
  story.tell({"LOCK.ACQUIRE", "a"}, 6, granted(6));
  for (const std::size_t i : {0U, 1U}) {
    story.at(i).session = 3;
    story.at(i).request = 1;
  }
  EXPECT_THAT(story.broken(), Contains("L4"));
  story.at(1).reply = granted(5);
  EXPECT_EQ(story.broken(), Promises{});
  story.at(1).argv = {"LOCK.ACQUIRE", "b"};
  EXPECT_EQ(story.broken(), Promises{"L4"}) << "two commands under one number";
}

TEST(LiesTest, a_later_one_is_served_first) {
  Story story;
  story.tell({"LOCK.ACQUIRE", "a", "WAIT", "9", "ASYNC", "t"}, 0, granted(9)).queued_index = 5;
  story.tell({"LOCK.ACQUIRE", "a", "WAIT", "9", "ASYNC", "t"}, 0, granted(8)).queued_index = 6;
  story.all_at_once();
  EXPECT_EQ(story.broken(), Promises{"L6"});
  story.at(1).argv.insert(story.at(1).argv.end(), {"PRIORITY", "1"});
  EXPECT_EQ(story.broken(), Promises{}) << "not an equal";
}

TEST(LiesTest, a_result_of_another_making) {
  const Value result = map({bulk("task"),
                            bulk("a"),
                            bulk("state"),
                            bulk("completed"),
                            bulk("result"),
                            bulk("R"),
                            bulk("reason"),
                            {}});
  Story story;
  story.tell({"TASK.JOIN", "f", "a"}, 5, attempt("a", 5));
  story.tell({"TASK.COMPLETE", "f", "a", "5", "R"}, 6, number(1));
  story.tell({"TASK.JOIN", "f", "b"}, 7, attempt("b", 7, {result}));
  EXPECT_EQ(story.broken(), Promises{});
  story.at(1).argv.back() = "S";
  EXPECT_EQ(story.broken(), Promises{"F1"});
  story.at(1).argv.back() = "R";
  story.at(1).index = 9;
  story.at(2).index = 8;
  story.tell({"LOCK.INFO", "a"}, 8, map({}));
  story.all_at_once();
  EXPECT_EQ(story.broken(), Promises{"F3"}) << "completed only later";
}

TEST(LiesTest, a_result_of_a_completion_that_nobody_heard_of_is_none) {
  const Value result = map({bulk("task"),
                            bulk("a"),
                            bulk("state"),
                            bulk("completed"),
                            bulk("result"),
                            bulk("R"),
                            bulk("reason"),
                            {}});
  Story story;
  story.tell({"TASK.COMPLETE", "f", "a", "5", "an earlier flow's"}, 6, number(1));
  Operation& unheard = story.tell({"TASK.COMPLETE", "f", "a", "8", "R"}, 0, {});
  unheard.reply.reset();
  unheard.returned = base::Time::never();
  story.tell({"TASK.JOIN", "f", "b"}, 10, attempt("b", 10, {result}));
  EXPECT_EQ(story.broken(), Promises{});
  story.at(1).argv.back() = "S";
  EXPECT_EQ(story.broken(), Promises{"F1"});
}

TEST(LiesTest, a_completion_by_who_was_taken_over) {
  Story story;
  story.tell({"TASK.JOIN", "f", "a"}, 5, attempt("a", 5));
  story.tell({"TASK.JOIN", "f", "a"}, 6, attempt("a", 6));
  story.tell({"TASK.COMPLETE", "f", "a", "5", "R"}, 7, number(1));
  EXPECT_EQ(story.broken(), Promises{"F4"});
  story.at(1).argv = {"TASK.COMPLETE", "f", "a", "5", "R"};
  story.at(1).reply = number(1);
  EXPECT_EQ(story.broken(), Promises{"F4"}) << "completed twice";
  story.at(2).reply = number(0);
  EXPECT_EQ(story.broken(), Promises{});
}

TEST(LiesTest, a_generation_that_does_not_grow) {
  const auto told = [](std::int64_t generation, const char* payload) {
    return map({bulk("event"), bulk("e"), bulk("generation"), number(generation), bulk("payload"),
                bulk(payload)});
  };
  Story story;
  story.tell({"EVENT.SET", "e", "x"}, 5, number(5));
  story.tell({"EVENT.SET", "e", "y"}, 6, number(5));
  EXPECT_EQ(story.broken(), Promises{"G1"});
  story.at(1).reply = number(6);
  EXPECT_EQ(story.broken(), Promises{});
  story.tell({"EVENT.WAIT", "e", "AFTER", "6"}, 6, told(6, "y"));
  EXPECT_EQ(story.broken(), Promises{"G1"}) << "one that he had seen";
  story.at(2).argv.back() = "5";
  EXPECT_EQ(story.broken(), Promises{});
  story.tell({"EVENT.WAIT", "e", "AFTER", "5"}, 6, told(6, "z"));
  EXPECT_EQ(story.broken(), Promises{"G1"}) << "told differently";
}

// --- good histories, of which one thing is changed

Promises broken(const MadeHistory& made) {
  Check check(made.history);
  for (const command::Entry& entry : made.entries) {
    if (!check.witness().replay(entry)) return {"corrupt"};
  }
  const Report report = check.finish();
  Promises promises;
  for (const Violation& violation : report.violations) promises.insert(violation.promise);
  return promises;
}

class ChangedHistoryTest : public testing::Test {
 protected:
  /// The n-th answer to the verb that is no refusal; its index is known.
  Operation& answer(const char* verb, std::size_t n = 0) {
    for (Operation& operation : made_.history) {
      const bool fits = operation.argv.front() == verb && operation.is_answered() &&
                        !operation.reply->is_error() && operation.index != 0;
      if (fits && n-- == 0) return operation;
    }
    ADD_FAILURE() << "there is no answer to " << verb;
    return made_.history.front();
  }
  /// The entry of the n-th command of this kind.
  template <class C>
  std::size_t entry(std::size_t n = 0) {
    for (std::size_t i = 0; i < made_.entries.size(); ++i) {
      if (std::holds_alternative<C>(made_.entries[i].command) && n-- == 0) return i;
    }
    ADD_FAILURE() << "there is no such entry";
    return 0;
  }

  MadeHistory made_ = make_history({.operations = 400, .lost_in = 20});
};

TEST_F(ChangedHistoryTest, nothing) { EXPECT_EQ(broken(made_), Promises{}); }

TEST_F(ChangedHistoryTest, two_tokens_are_swapped) {
  std::swap(answer("LOCK.ACQUIRE", 1).reply, answer("LOCK.ACQUIRE", 9).reply);
  EXPECT_THAT(broken(made_), Contains("L2"));
}

TEST_F(ChangedHistoryTest, an_answer_is_another) {
  answer("LOCK.RELEASE", 3).reply->integer ^= 1;
  EXPECT_EQ(broken(made_), Promises{"answer"});
}

TEST_F(ChangedHistoryTest, a_description_is_another) {
  Value& reply = *answer("LOCK.INFO", 2).reply;
  const auto state = std::find(reply.items.begin(), reply.items.end(), bulk("state"));
  ASSERT_NE(state, reply.items.end());
  std::next(state)->text = "upside down";
  EXPECT_EQ(broken(made_), Promises{"answer"});
}

TEST_F(ChangedHistoryTest, a_refusal_becomes_a_grant) {
  const auto refused =
      std::find_if(made_.history.begin(), made_.history.end(), [](const Operation& operation) {
        return operation.is_answered() && operation.reply->error_code() == "BUSY" &&
               operation.index != 0;
      });
  ASSERT_NE(refused, made_.history.end());
  refused->reply = granted(static_cast<std::int64_t>(refused->index));
  EXPECT_THAT(broken(made_), Contains("answer"));
}

TEST_F(ChangedHistoryTest, a_grant_becomes_a_refusal) {
  Value& reply = *answer("LOCK.ACQUIRE", 4).reply;
  reply = {.type = Type::Error, .text = "LIMIT too much"};
  EXPECT_THAT(broken(made_), Contains("answer"));
}

TEST_F(ChangedHistoryTest, the_outcome_of_a_push_is_another) {
  const auto pushed =
      std::find_if(made_.history.begin(), made_.history.end(), [](const Operation& operation) {
        return operation.queued_index != 0 && operation.is_answered() && operation.index == 0 &&
               !operation.reply->is_error();
      });
  ASSERT_NE(pushed, made_.history.end());
  pushed->reply = Value{.type = Type::Error, .text = "BUSY too late"};
  EXPECT_EQ(broken(made_), Promises{"answer"});
}

TEST_F(ChangedHistoryTest, an_entry_is_missing) {
  made_.entries.erase(made_.entries.begin() +
                      static_cast<std::ptrdiff_t>(entry<command::LockAcquire>(5)));
  EXPECT_THAT(broken(made_), Contains("L11"));
}

TEST_F(ChangedHistoryTest, the_end_of_the_journal_is_missing) {
  made_.entries.resize(made_.entries.size() - 3);
  EXPECT_EQ(broken(made_), Promises{"L11"});
}

TEST_F(ChangedHistoryTest, an_effect_is_there_twice) {
  command::Entry again = made_.entries[entry<command::LockRelease>(2)];
  again.index = made_.entries.back().index + 100;
  again.now = made_.entries.back().now;
  made_.entries.push_back(again);
  EXPECT_EQ(broken(made_), Promises{"L4"});
}

TEST_F(ChangedHistoryTest, an_effect_that_nobody_asked_for) {
  command::Entry more = made_.entries[entry<command::LockAcquire>(2)];
  more.index = made_.entries.back().index + 100;
  more.now = made_.entries.back().now;
  more.ticket.clear();
  more.request = 1'000'000;
  more.command = command::LockAcquire{{}, {{"a new key", false}}, "", {}, {}};
  made_.entries.push_back(more);
  EXPECT_EQ(broken(made_), Promises{"L4"});
}

TEST_F(ChangedHistoryTest, an_entry_that_changes_nothing) {
  command::Entry nothing;
  nothing.index = made_.entries.back().index + 100;
  nothing.now = made_.entries.back().now;
  nothing.command = command::LockInfo{"a"};
  made_.entries.push_back(nothing);
  EXPECT_EQ(broken(made_), Promises{"L12"});
}

TEST_F(ChangedHistoryTest, entries_out_of_order) {
  std::swap(made_.entries[20], made_.entries[30]);
  EXPECT_EQ(broken(made_), Promises{"corrupt"});
}

TEST_F(ChangedHistoryTest, what_was_answered_is_unanswered_and_found) {
  const auto count = [](const MadeHistory& made) {
    Check check(made.history);
    for (const command::Entry& entry : made.entries) {
      EXPECT_TRUE(check.witness().replay(entry).has_value());
    }
    const Report report = check.finish();
    EXPECT_TRUE(report.is_good());
    return report.applied;
  };
  const std::uint64_t before = count(made_);
  Operation& release = answer("LOCK.RELEASE", 3);
  release.reply.reset();
  release.index = 0;
  release.returned = base::Time::never();
  EXPECT_EQ(count(made_), before + 1);
}

}  // namespace
}  // namespace checker
