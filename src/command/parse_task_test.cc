// The commands on tasks and flows: what is understood, and what is refused.
#include <fmt/format.h>

#include "command/parse_testing.h"

namespace command {
namespace {

using Names = std::vector<std::string>;

constexpr Duration ms(std::int64_t count) { return Duration::from_ms(count); }

/// Of the task t of the flow f, without an option.
Declaration declaration() {
  Declaration declaration;
  declaration.flow = "f";
  declaration.task = "t";
  return declaration;
}

/// So many names after their number.
std::vector<std::string> with_names(std::vector<std::string> before, std::int64_t count) {
  before.push_back(std::to_string(count));
  for (std::int64_t i = 0; i < count; ++i) before.push_back(fmt::format("t{}", i));
  return before;
}

TEST(ParseTaskTest, what_a_bare_declaration_leaves_out_stays_out) {
  const auto add = parsed<TaskAdd>("TASK.ADD f t");
  EXPECT_EQ(static_cast<const Declaration&>(add), declaration());
  EXPECT_EQ(add.priority, std::nullopt);
}

TEST(ParseTaskTest, a_declaration_takes_all_its_options) {
  const auto add = parsed<TaskAdd>(
      "task.add f t input cents=700 deadline 90000 delay 5 backoff 10 max 70 attempts 3 "
      "timeout 4000 ondead skip when failed after 2 a b priority 9");
  Declaration expected = declaration();
  expected.after = Names{"a", "b"};
  expected.when = When::Failed;
  expected.on_dead = OnDead::Skip;
  expected.timeout = ms(4'000);
  expected.attempts = 3;
  expected.backoff = Backoff{ms(10), ms(70)};
  expected.delay = ms(5);
  expected.deadline = ms(90'000);
  expected.input = "cents=700";
  EXPECT_EQ(static_cast<const Declaration&>(add), expected);
  EXPECT_EQ(add.priority, 9);
}

TEST(ParseTaskTest, a_joiner_declares_and_says_how_it_waits) {
  const auto request = parse_line(
      "TASK.JOIN f t AFTER 1 a WHEN ENDED ONDEAD HOLD TIMEOUT 1 ATTEMPTS 2 BACKOFF 3 DELAY 4 "
      "DEADLINE 5 INPUT i WAIT 6 PRIORITY 7 PREEMPT 8 AGENT a NOTE n REQUEST 9 ASYNC t1");
  const auto join = call_of<TaskJoin>(request);
  Declaration expected = declaration();
  expected.after = Names{"a"};
  expected.when = When::Ended;
  expected.on_dead = OnDead::Hold;
  expected.timeout = ms(1);
  expected.attempts = 2;
  expected.backoff = Backoff{ms(3), ms(30'000)};
  expected.delay = ms(4);
  expected.deadline = ms(5);
  expected.input = "i";
  EXPECT_EQ(static_cast<const Declaration&>(join), expected);
  EXPECT_EQ(static_cast<const Terms&>(join),
            (Terms{ms(6), std::nullopt, 7, "n", "a", std::nullopt}));
  EXPECT_EQ(join.preemption, ms(8));
  EXPECT_EQ(request->envelope, (Envelope{.request = 9, .ticket = "t1"}));
}

TEST(ParseTaskTest, a_bare_join_is_a_try) {
  const auto join = parsed<TaskJoin>("TASK.JOIN f t");
  EXPECT_EQ(static_cast<const Terms&>(join), Terms{});
  EXPECT_EQ(join.after, std::nullopt);
  EXPECT_EQ(join.preemption, std::nullopt);
}

TEST(ParseTaskTest, a_joiner_has_no_lease_and_no_limit_on_its_expectation) {
  malformed("TASK.JOIN f t LEASE 5");
  malformed("TASK.JOIN f t IFWITHIN 5");
  malformed("TASK.TAKE 1 t LEASE 5");
  malformed("TASK.TAKE 1 t PREEMPT 5 WAIT 9");
}

TEST(ParseTaskTest, a_preemption_waits) {
  EXPECT_TRUE(malformed("TASK.JOIN f t PREEMPT 5").starts_with("PREEMPT needs WAIT"));
  EXPECT_EQ(parsed<TaskJoin>("TASK.JOIN f t PREEMPT 86400000 WAIT 1").preemption, ms(86'400'000));
  malformed("TASK.JOIN f t WAIT 1 PREEMPT 86400001");
}

TEST(ParseTaskTest, after_counts_its_names_and_keeps_each_once) {
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t AFTER 0").after, Names{});
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t AFTER 3 b a b").after, (Names{"b", "a"}));
  EXPECT_TRUE(malformed("TASK.ADD f t AFTER 2 a").starts_with("task is missing"));
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t AFTER 2 a WHEN").after, (Names{"a", "WHEN"}));
  malformed("TASK.ADD f t AFTER 1 a b");
  malformed("TASK.ADD f t AFTER a b");
  malformed("TASK.ADD f t AFTER -1");
  malformed("TASK.ADD f t AFTER 1 ''");
  malformed("TASK.ADD f t AFTER 1 a AFTER 1 b");
}

TEST(ParseTaskTest, words_that_look_like_options_are_names_where_names_are_expected) {
  const auto add = parsed<TaskAdd>("TASK.ADD AFTER WHEN AFTER 2 SESSION INPUT INPUT NOTE");
  EXPECT_EQ(add.flow, "AFTER");
  EXPECT_EQ(add.task, "WHEN");
  EXPECT_EQ(add.after, (Names{"SESSION", "INPUT"}));
  EXPECT_EQ(add.input, "NOTE");
  EXPECT_EQ(parsed<TaskTake>("TASK.TAKE 2 WAIT FLOWS").tasks, (Names{"WAIT", "FLOWS"}));
}

TEST(ParseTaskTest, a_task_does_not_come_after_itself) {
  for (const char* line : {"TASK.ADD f t AFTER 1 t", "TASK.JOIN f t WAIT 5 AFTER 3 a t b"}) {
    const Refused refused = refusal(words(line));
    EXPECT_EQ(refused.code, Code::Conflict) << line;
    EXPECT_EQ(refused.sentence, "the task would come after itself");
  }
}

TEST(ParseTaskTest, the_limit_of_predecessors_counts_them_as_they_are_announced) {
  EXPECT_EQ(
      call_of<TaskAdd>(parse_words(with_names({"TASK.ADD", "f", "t", "AFTER"}, 128))).after->size(),
      128U);
  EXPECT_EQ(over_limit(with_names({"TASK.ADD", "f", "t", "AFTER"}, 129)),
            "AFTER names 129 tasks; the limit predecessors is 128");
  over_limit(words("TASK.ADD f t AFTER 9007199254740991 a"));
  malformed("TASK.ADD f t AFTER 9007199254740992 a");
}

TEST(ParseTaskTest, when_and_ondead_are_said_in_known_words) {
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t WHEN COMPLETED").when, When::Completed);
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t when ended").when, When::Ended);
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t ondead hold").on_dead, OnDead::Hold);
  EXPECT_EQ(malformed("TASK.ADD f t WHEN DEAD"),
            "WHEN must be COMPLETED or ENDED or FAILED, not \"DEAD\"");
  EXPECT_EQ(malformed("TASK.ADD f t ONDEAD FREE"), "ONDEAD must be HOLD or SKIP, not \"FREE\"");
}

TEST(ParseTaskTest, times_and_counts_of_a_declaration_are_within_their_limits) {
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t TIMEOUT 86400000").timeout, ms(86'400'000));
  malformed("TASK.ADD f t TIMEOUT 0");
  malformed("TASK.ADD f t TIMEOUT 86400001");
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t ATTEMPTS 1").attempts, 1);
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t ATTEMPTS 1000").attempts, 1'000);
  EXPECT_EQ(malformed("TASK.ADD f t ATTEMPTS 1001"),
            "ATTEMPTS must be a whole number from 1 to 1000, not \"1001\"");
  malformed("TASK.ADD f t ATTEMPTS 0");
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t DELAY 0").delay, Duration());
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t DELAY 2591999999 DEADLINE 2592000000").delay,
            ms(2'591'999'999));
  malformed("TASK.ADD f t DELAY 2592000001");
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t DEADLINE 2592000000").deadline, ms(2'592'000'000));
  malformed("TASK.ADD f t DEADLINE 0");
  malformed("TASK.ADD f t DEADLINE 2592000001");
  malformed("TASK.ADD f t PRIORITY 10");
  malformed("TASK.JOIN f t PRIORITY 10");
}

TEST(ParseTaskTest, a_task_that_could_never_run_is_refused) {
  EXPECT_EQ(malformed("TASK.ADD f t DELAY 5000 DEADLINE 5000"),
            "DELAY is not shorter than DEADLINE: the task could never run");
  malformed("TASK.JOIN f t DEADLINE 5000 DELAY 6000");
  parsed<TaskAdd>("TASK.ADD f t DELAY 4999 DEADLINE 5000");
  EXPECT_EQ(malformed("TASK.ADD f t DELAY 86400000"),
            "a DELAY of 24 h or more needs a DEADLINE beyond it, which is 24 h unless said: the "
            "task could never run");
  parsed<TaskAdd>("TASK.ADD f t DELAY 86399999");
}

TEST(ParseTaskTest, backoff_goes_up_to_thirty_seconds_unless_told_otherwise) {
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t BACKOFF 0").backoff, (Backoff{ms(0), ms(30'000)}));
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t BACKOFF 40000").backoff,
            (Backoff{ms(40'000), ms(40'000)}));
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t BACKOFF 5 MAX 5").backoff, (Backoff{ms(5), ms(5)}));
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t BACKOFF 86400000 MAX 86400000").backoff,
            (Backoff{ms(86'400'000), ms(86'400'000)}));
  malformed("TASK.ADD f t BACKOFF 86400001");
  malformed("TASK.ADD f t BACKOFF 5 MAX 86400001");
  EXPECT_EQ(malformed("TASK.ADD f t BACKOFF 5 MAX 4"), "MAX is less than the BACKOFF before it");
  malformed("TASK.ADD f t MAX 5");
  malformed("TASK.ADD f t BACKOFF 5 DELAY 1 MAX 7");
  Limits limits;
  limits.backoff_max_ms = 1'000;
  EXPECT_EQ(call_of<TaskAdd>(parse_line("TASK.ADD f t BACKOFF 10", limits)).backoff,
            (Backoff{ms(10), ms(1'000)}));
}

TEST(ParseTaskTest, names_payloads_and_reasons_are_within_their_limits) {
  EXPECT_TRUE(parse_words({"TASK.ADD", bytes(512), bytes(512), "AFTER", "1", bytes(511)}));
  EXPECT_EQ(over_limit({"TASK.ADD", bytes(513), "t"}),
            "flow has 513 bytes; the limit name_bytes is 512");
  EXPECT_EQ(over_limit({"TASK.ADD", "f", bytes(513)}),
            "task has 513 bytes; the limit name_bytes is 512");
  over_limit({"TASK.ADD", "f", "t", "AFTER", "1", bytes(513)});
  EXPECT_EQ(call_of<TaskAdd>(parse_words({"TASK.ADD", "f", "t", "INPUT", bytes(65'536)})).input,
            bytes(65'536));
  EXPECT_EQ(over_limit({"TASK.ADD", "f", "t", "INPUT", bytes(65'537)}),
            "INPUT has 65537 bytes; the limit payload_bytes is 65536");
  EXPECT_EQ(parsed<TaskAdd>("TASK.ADD f t INPUT ''").input, "");
  EXPECT_EQ(
      call_of<TaskFail>(parse_words({"TASK.FAIL", "f", "t", "1", bytes(4'096)})).reason.size(),
      4'096U);
  EXPECT_EQ(over_limit({"TASK.FAIL", "f", "t", "1", bytes(4'097)}),
            "the reason has 4097 bytes; the limit reason_bytes is 4096");
  over_limit({"TASK.JOIN", "f", "t", "NOTE", bytes(257)});
  malformed("TASK.ADD '' t");
  malformed("TASK.ADD f ''");
}

TEST(ParseTaskTest, a_pool_takes_by_name_from_all_flows_or_some) {
  const auto take = parsed<TaskTake>("TASK.TAKE 1 reserve");
  EXPECT_EQ(take.tasks, Names{"reserve"});
  EXPECT_EQ(take.flows, "");
  EXPECT_EQ(static_cast<const Terms&>(take), Terms{});
  const auto request = parse_line(
      "task.take 3 a b a flows payment/ wait 5 priority 2 agent x note n request 3 async t1");
  const auto some = call_of<TaskTake>(request);
  EXPECT_EQ(some.tasks, (Names{"a", "b"}));
  EXPECT_EQ(some.flows, "payment/");
  EXPECT_EQ(static_cast<const Terms&>(some),
            (Terms{ms(5), std::nullopt, 2, "n", "x", std::nullopt}));
  EXPECT_EQ(request->envelope, (Envelope{.request = 3, .ticket = "t1"}));
  EXPECT_EQ(parsed<TaskTake>("TASK.TAKE 1 a FLOWS ''").flows, "");
}

TEST(ParseTaskTest, a_pool_names_a_task_at_least_and_so_many_at_most) {
  malformed("TASK.TAKE 0 WAIT");
  malformed("TASK.TAKE 2 a");
  malformed("TASK.TAKE a b");
  EXPECT_EQ(call_of<TaskTake>(parse_words(with_names({"TASK.TAKE"}, 64))).tasks.size(), 64U);
  EXPECT_EQ(over_limit(with_names({"TASK.TAKE"}, 65)),
            "TASK.TAKE names 65 tasks; the limit tasks_per_take is 64");
  over_limit({"TASK.TAKE", "1", "a", "FLOWS", bytes(513)});
}

TEST(ParseTaskTest, complete_takes_any_bytes_as_its_result) {
  const std::string result("\0\r\n\xff RETRY", 10);
  const auto complete =
      call_of<TaskComplete>(parse_words({"TASK.COMPLETE", "f", "t", "7", result}));
  EXPECT_EQ(complete.flow, "f");
  EXPECT_EQ(complete.task, "t");
  EXPECT_EQ(complete.token, 7U);
  EXPECT_EQ(complete.result, result);
  EXPECT_EQ(parsed<TaskComplete>("TASK.COMPLETE f t 7 REQUEST").result, "REQUEST");
  EXPECT_EQ(parsed<TaskComplete>("TASK.COMPLETE f t 7 ''").result, "");
  EXPECT_TRUE(parse_words({"TASK.COMPLETE", "f", "t", "7", bytes(65'536)}));
  EXPECT_EQ(over_limit({"TASK.COMPLETE", "f", "t", "7", bytes(65'537)}),
            "the result has 65537 bytes; the limit payload_bytes is 65536");
  EXPECT_EQ(envelope_of("TASK.COMPLETE f t 7 r REQUEST 3 SESSION 4 s"),
            (Envelope{.request = 3, .session = 4, .secret = "s"}));
  malformed("TASK.COMPLETE f t 0 r");
  malformed("TASK.COMPLETE f t 7");
  malformed("TASK.COMPLETE f t 7 r s");
}

TEST(ParseTaskTest, a_failure_has_a_reason_and_may_ask_for_another_attempt) {
  const auto fail = parsed<TaskFail>("TASK.FAIL f t 7 declined");
  EXPECT_EQ(fail.token, 7U);
  EXPECT_EQ(fail.reason, "declined");
  EXPECT_FALSE(fail.retry);
  EXPECT_TRUE(parsed<TaskFail>("TASK.FAIL f t 7 declined retry REQUEST 2").retry);
  const auto named = parsed<TaskFail>("TASK.FAIL f t 7 RETRY RETRY");
  EXPECT_EQ(named.reason, "RETRY");
  EXPECT_TRUE(named.retry);
  EXPECT_FALSE(parsed<TaskFail>("TASK.FAIL f t 7 RETRY").retry);
  malformed("TASK.FAIL f t 7 declined RETRY RETRY");
  malformed("TASK.FAIL f t 7 declined AGAIN");
}

TEST(ParseTaskTest, an_attempt_is_given_back_with_a_checkpoint_bare_or_by_keyword) {
  const auto bare = parsed<TaskRelease>("TASK.RELEASE f t 7");
  EXPECT_EQ(bare.token, 7U);
  EXPECT_EQ(bare.delay, Duration());
  EXPECT_EQ(bare.checkpoint, std::nullopt);
  for (const char* line : {"TASK.RELEASE f t 7 half DELAY 5", "TASK.RELEASE f t 7 DELAY 5 half",
                           "TASK.RELEASE f t 7 CHECKPOINT half DELAY 5",
                           "TASK.RELEASE f t 7 DELAY 5 CHECKPOINT half"}) {
    const auto release = parsed<TaskRelease>(line);
    EXPECT_EQ(release.checkpoint, "half") << line;
    EXPECT_EQ(release.delay, ms(5)) << line;
  }
  EXPECT_EQ(parsed<TaskRelease>("TASK.RELEASE f t 7 CHECKPOINT DELAY").checkpoint, "DELAY");
  EXPECT_EQ(parsed<TaskRelease>("TASK.RELEASE f t 7 ''").checkpoint, "");
}

TEST(ParseTaskTest, a_checkpoint_is_given_once_and_options_around_it_too) {
  malformed("TASK.RELEASE f t 7 half whole");
  malformed("TASK.RELEASE f t 7 CHECKPOINT half whole");
  malformed("TASK.RELEASE f t 7 DELAY 5 half DELAY 5");
  EXPECT_EQ(malformed("TASK.RELEASE f t 7 half CHECKPOINT whole"), "the checkpoint is given twice");
  EXPECT_EQ(envelope_of("TASK.RELEASE f t 7 REQUEST 2 half SESSION 3 s"),
            (Envelope{.request = 2, .session = 3, .secret = "s"}));
  EXPECT_TRUE(parse_words({"TASK.RELEASE", "f", "t", "7", bytes(65'536)}));
  over_limit({"TASK.RELEASE", "f", "t", "7", bytes(65'537)});
  over_limit({"TASK.RELEASE", "f", "t", "7", "CHECKPOINT", bytes(65'537)});
  parsed<TaskRelease>("TASK.RELEASE f t 7 DELAY 2592000000");
  malformed("TASK.RELEASE f t 7 DELAY 2592000001");
}

TEST(ParseTaskTest, an_attempt_is_extended_by_a_time_from_now) {
  const auto extend = parsed<TaskExtend>("TASK.EXTEND f t 7 86400000");
  EXPECT_EQ(extend.token, 7U);
  EXPECT_EQ(extend.lease, ms(86'400'000));
  malformed("TASK.EXTEND f t 7 0");
  malformed("TASK.EXTEND f t 7 86400001");
  malformed("TASK.EXTEND f t 7");
}

TEST(ParseTaskTest, a_result_is_asked_for_at_once_or_waited_for) {
  EXPECT_EQ(parsed<TaskResult>("TASK.RESULT f t").wait, Duration());
  const auto result = parsed<TaskResult>("TASK.RESULT f t WAIT 86400000 AGENT a");
  EXPECT_EQ(result.flow, "f");
  EXPECT_EQ(result.task, "t");
  EXPECT_EQ(result.wait, ms(86'400'000));
  EXPECT_EQ(result.agent, "a");
  malformed("TASK.RESULT f t WAIT 86400001");
  malformed("TASK.RESULT f t AGENT ''");
  malformed("TASK.RESULT f t PRIORITY 1");
}

TEST(ParseTaskTest, what_operators_do_may_have_a_reason) {
  EXPECT_EQ(parsed<TaskCancel>("TASK.CANCEL f t").reason, "");
  EXPECT_EQ(parsed<TaskCancel>("TASK.CANCEL f t REASON obsolete").reason, "obsolete");
  EXPECT_EQ(parsed<TaskRedrive>("TASK.REDRIVE f t REASON fixed REQUEST 2").reason, "fixed");
  EXPECT_EQ(parsed<FlowCancel>("FLOW.CANCEL f REASON test").reason, "test");
  EXPECT_EQ(parsed<FlowClose>("FLOW.CLOSE f").flow, "f");
  for (const char* command : {"TASK.CANCEL", "TASK.REDRIVE"}) {
    EXPECT_TRUE(parse_words({command, "f", "t", "REASON", bytes(256)})) << command;
    over_limit({command, "f", "t", "REASON", bytes(257)});
  }
  EXPECT_TRUE(parse_words({"FLOW.CANCEL", "f", "REASON", bytes(256)}));
  over_limit({"FLOW.CANCEL", "f", "REASON", bytes(257)});
  malformed("FLOW.CLOSE f REASON test");
}

TEST(ParseTaskTest, looking_changes_nothing_and_takes_no_request_number) {
  EXPECT_EQ(parsed<TaskWhy>("TASK.WHY f t").task, "t");
  EXPECT_EQ(parsed<FlowInfo>("FLOW.INFO f").flow, "f");
  malformed("TASK.WHY f t REQUEST 1");
  malformed("FLOW.INFO f REQUEST 1");
  malformed("FLOW.LIST REQUEST 1");
}

TEST(ParseTaskTest, flows_are_listed_by_page) {
  const auto all = parsed<FlowList>("FLOW.LIST");
  EXPECT_EQ(all.prefix, "");
  EXPECT_FALSE(all.dead_only);
  EXPECT_EQ(all.count, 100);
  EXPECT_EQ(all.after, "");
  const auto some = parsed<FlowList>("flow.list prefix p/ state dead count 1000 after p/9");
  EXPECT_EQ(some.prefix, "p/");
  EXPECT_TRUE(some.dead_only);
  EXPECT_EQ(some.count, 1'000);
  EXPECT_EQ(some.after, "p/9");
  malformed("FLOW.LIST COUNT 0");
  malformed("FLOW.LIST COUNT 1001");
  EXPECT_EQ(malformed("FLOW.LIST STATE HELD"), "STATE must be DEAD, not \"HELD\"");
  over_limit({"FLOW.LIST", "PREFIX", bytes(513)});
  over_limit({"FLOW.LIST", "AFTER", bytes(513)});
  Limits limits;
  limits.list_count = 20;
  EXPECT_EQ(call_of<FlowList>(parse_line("FLOW.LIST", limits)).count, 20);
}

}  // namespace
}  // namespace command
