// The commands on locks: what is understood, and what is refused.
#include <fmt/format.h>

#include "command/parse_testing.h"

namespace command {
namespace {

using Keys = KeyModes;

TEST(ParseLockTest, a_bare_acquire_is_an_exclusive_try) {
  const auto acquire = parsed<LockAcquire>("LOCK.ACQUIRE acct/1");
  EXPECT_EQ(acquire.keys, (Keys{{"acct/1", false}}));
  EXPECT_EQ(acquire.wait, Duration());
  EXPECT_EQ(acquire.lease, std::nullopt);
  EXPECT_EQ(acquire.priority, 0);
  EXPECT_EQ(acquire.note, "");
}

TEST(ParseLockTest, acquire_takes_all_its_options) {
  const auto request = parse_line(
      "lock.acquire a shared and b NOTE refund-7 priority 9 Lease 5000 WAIT 250 async t1 "
      "REQUEST 3 SESSION 12 hush");
  const auto acquire = call_of<LockAcquire>(request);
  EXPECT_EQ(acquire.keys, (Keys{{"a", true}, {"b", false}}));
  EXPECT_EQ(acquire.wait, Duration::from_ms(250));
  EXPECT_EQ(acquire.lease, Duration::from_ms(5'000));
  EXPECT_EQ(acquire.priority, 9);
  EXPECT_EQ(acquire.note, "refund-7");
  EXPECT_EQ(request->envelope,
            (Envelope{.request = 3, .ticket = "t1", .session = 12, .secret = "hush"}));
}

TEST(ParseLockTest, a_word_after_a_keyword_is_its_value_whatever_it_says) {
  const auto acquire = parsed<LockAcquire>("LOCK.ACQUIRE WAIT AND SESSION NOTE SHARED WAIT 5");
  EXPECT_EQ(acquire.keys, (Keys{{"WAIT", false}, {"SESSION", false}}));
  EXPECT_EQ(acquire.note, "SHARED");
  EXPECT_EQ(acquire.wait, Duration::from_ms(5));
}

TEST(ParseLockTest, a_key_is_any_bytes) {
  const std::string key("\0\r\n\xff", 4);
  EXPECT_EQ(call_of<LockInfo>(parse_words({"LOCK.INFO", key})).key, key);
}

TEST(ParseLockTest, a_key_named_twice_counts_once_in_the_stronger_mode) {
  EXPECT_EQ(parsed<LockAcquire>("LOCK.ACQUIRE a SHARED AND b AND a").keys,
            (Keys{{"a", false}, {"b", false}}));
  EXPECT_EQ(parsed<LockAcquire>("LOCK.ACQUIRE a AND a SHARED").keys, (Keys{{"a", false}}));
  EXPECT_EQ(parsed<LockAcquire>("LOCK.ACQUIRE a SHARED AND a SHARED").keys, (Keys{{"a", true}}));
}

std::vector<std::string> acquire_of_keys(std::int64_t count) {
  std::vector<std::string> words{"LOCK.ACQUIRE", "key0"};
  for (std::int64_t i = 1; i < count; ++i) {
    words.emplace_back("AND");
    words.push_back(fmt::format("key{}", i));
  }
  return words;
}

TEST(ParseLockTest, the_limit_of_keys_counts_distinct_keys) {
  auto words = acquire_of_keys(64);
  EXPECT_EQ(call_of<LockAcquire>(parse_words(words)).keys.size(), 64U);
  words.insert(words.end(), {"AND", "key5"});
  EXPECT_EQ(call_of<LockAcquire>(parse_words(words)).keys.size(), 64U);
  EXPECT_EQ(over_limit(acquire_of_keys(65)),
            "more than 64 different keys in one request; that is the limit keys_per_request");
}

TEST(ParseLockTest, a_key_is_within_its_limit) {
  for (const char* command : {"LOCK.ACQUIRE", "LOCK.INFO"}) {
    EXPECT_TRUE(parse_words({command, bytes(512)})) << command;
    EXPECT_EQ(over_limit({command, bytes(513)}), "key has 513 bytes; the limit name_bytes is 512");
  }
  for (const char* command : {"LOCK.RELEASE", "LOCK.CHECK"}) {
    EXPECT_TRUE(parse_words({command, bytes(512), "1"})) << command;
    over_limit({command, bytes(513), "1"});
  }
  EXPECT_TRUE(parse_words({"LOCK.RENEW", bytes(512), "1", "LEASE", "1"}));
  over_limit({"LOCK.RENEW", bytes(513), "1", "LEASE", "1"});
  over_limit({"LOCK.ACQUIRE", "a", "AND", bytes(513)});
}

TEST(ParseLockTest, an_empty_key_is_refused) {
  EXPECT_EQ(malformed("LOCK.INFO ''"), "key must not be empty; use LOCK.INFO key");
  malformed("LOCK.ACQUIRE ''");
  malformed("LOCK.ACQUIRE a AND ''");
  malformed("LOCK.RELEASE '' 1");
  malformed("LOCK.RENEW '' 1 LEASE 1");
  malformed("LOCK.CHECK '' 1");
}

TEST(ParseLockTest, wait_is_within_its_limits) {
  EXPECT_EQ(parsed<LockAcquire>("LOCK.ACQUIRE a WAIT 0").wait, Duration());
  EXPECT_EQ(parsed<LockAcquire>("LOCK.ACQUIRE a WAIT 86400000").wait,
            Duration::from_ms(86'400'000));
  malformed("LOCK.ACQUIRE a WAIT 86400001");
  EXPECT_EQ(malformed("LOCK.ACQUIRE a WAIT abc"),
            "WAIT must be a whole number of milliseconds from 0 to 86400000, not \"abc\"");
}

TEST(ParseLockTest, lease_is_within_its_limits) {
  EXPECT_EQ(parsed<LockAcquire>("LOCK.ACQUIRE a LEASE 1").lease, Duration::from_ms(1));
  EXPECT_EQ(parsed<LockAcquire>("LOCK.ACQUIRE a LEASE 86400000").lease,
            Duration::from_ms(86'400'000));
  malformed("LOCK.ACQUIRE a LEASE 0");
  malformed("LOCK.ACQUIRE a LEASE 86400001");
  malformed("LOCK.RENEW a 1 LEASE 0");
  malformed("LOCK.RENEW a 1 LEASE 86400001");
}

TEST(ParseLockTest, priority_is_within_its_limits) {
  EXPECT_EQ(parsed<LockAcquire>("LOCK.ACQUIRE a PRIORITY 0").priority, 0);
  EXPECT_EQ(parsed<LockAcquire>("LOCK.ACQUIRE a PRIORITY 9").priority, 9);
  EXPECT_EQ(malformed("LOCK.ACQUIRE a PRIORITY 10"),
            "PRIORITY must be a whole number from 0 to 9, not \"10\"");
}

TEST(ParseLockTest, a_priority_never_exceeds_its_byte_whatever_the_limit) {
  Limits limits;
  limits.priority_max = 1'000;
  EXPECT_EQ(call_of<LockAcquire>(parse_line("LOCK.ACQUIRE a PRIORITY 255", limits)).priority, 255);
  EXPECT_FALSE(parse_line("LOCK.ACQUIRE a PRIORITY 256", limits));
}

TEST(ParseLockTest, note_and_ticket_are_within_their_limits) {
  EXPECT_EQ(call_of<LockAcquire>(parse_words({"LOCK.ACQUIRE", "a", "NOTE", bytes(256)})).note,
            bytes(256));
  EXPECT_EQ(over_limit({"LOCK.ACQUIRE", "a", "NOTE", bytes(257)}),
            "NOTE has 257 bytes; the limit note_bytes is 256");
  EXPECT_EQ(parsed<LockAcquire>("LOCK.ACQUIRE a NOTE ''").note, "");
  EXPECT_EQ(parse_words({"LOCK.ACQUIRE", "a", "ASYNC", bytes(64)})->envelope.ticket, bytes(64));
  EXPECT_EQ(over_limit({"LOCK.ACQUIRE", "a", "ASYNC", bytes(65)}),
            "ASYNC has 65 bytes; the limit ticket_bytes is 64");
  malformed("LOCK.ACQUIRE a ASYNC ''");
}

TEST(ParseLockTest, other_limits_than_the_defaults_hold) {
  Limits limits;
  limits.name_bytes = 3;
  limits.keys_per_request = 1;
  limits.wait_max_ms = 10;
  EXPECT_TRUE(parse_line("LOCK.ACQUIRE abc WAIT 10", limits));
  EXPECT_FALSE(parse_line("LOCK.ACQUIRE abcd", limits));
  EXPECT_FALSE(parse_line("LOCK.ACQUIRE a AND b", limits));
  EXPECT_FALSE(parse_line("LOCK.ACQUIRE abc WAIT 11", limits));
}

TEST(ParseLockTest, shared_and_and_stand_with_the_keys) {
  const std::string sentence = malformed("LOCK.ACQUIRE a WAIT 5 SHARED");
  EXPECT_TRUE(sentence.starts_with("SHARED belongs to the keys and stands before the options"))
      << sentence;
  malformed("LOCK.ACQUIRE a WAIT 5 AND b");
  malformed("LOCK.ACQUIRE a SHARED SHARED");
  malformed("LOCK.ACQUIRE a AND");
}

TEST(ParseLockTest, acquire_takes_who_asks_and_what_becomes_of_a_lost_hold) {
  const auto acquire = parsed<LockAcquire>(
      "LOCK.ACQUIRE a WAIT 9 OWNER o AGENT t1 PREEMPT 5 ONLOSS DELAY 70 IFWITHIN 8");
  EXPECT_EQ(acquire.owner, "o");
  EXPECT_EQ(acquire.agent, "t1");
  EXPECT_EQ(acquire.preemption, Duration::from_ms(5));
  EXPECT_EQ(acquire.within, Duration::from_ms(8));
  EXPECT_EQ(acquire.on_loss, (OnLoss{OnLoss::Kind::Delay, Duration::from_ms(70)}));
  EXPECT_EQ(parsed<LockAcquire>("LOCK.ACQUIRE a ONLOSS hold").on_loss.kind, OnLoss::Kind::Hold);
  EXPECT_EQ(parsed<LockAcquire>("LOCK.ACQUIRE a ONLOSS FREE").on_loss.kind, OnLoss::Kind::Free);
}

TEST(ParseLockTest, what_becomes_of_a_lost_hold_is_said_in_known_words) {
  malformed("LOCK.ACQUIRE a ONLOSS");
  malformed("LOCK.ACQUIRE a ONLOSS KEEP");
  malformed("LOCK.ACQUIRE a ONLOSS DELAY");
  malformed("LOCK.ACQUIRE a ONLOSS DELAY 0");
  malformed("LOCK.ACQUIRE a ONLOSS DELAY 86400001");
  parsed<LockAcquire>("LOCK.ACQUIRE a ONLOSS DELAY 86400000");
}

TEST(ParseLockTest, a_preemption_waits) {
  EXPECT_TRUE(malformed("LOCK.ACQUIRE a PREEMPT 5").starts_with("PREEMPT needs WAIT"));
  EXPECT_EQ(parsed<LockAcquire>("LOCK.ACQUIRE a PREEMPT 0 WAIT 1").preemption, Duration());
  malformed("LOCK.ACQUIRE a WAIT 1 PREEMPT 86400001");
}

TEST(ParseLockTest, upgrade_and_downgrade_take_key_and_token) {
  const auto upgrade = parsed<LockUpgrade>("LOCK.UPGRADE a 7 WAIT 5");
  EXPECT_EQ(upgrade.key, "a");
  EXPECT_EQ(upgrade.token, 7U);
  EXPECT_EQ(upgrade.wait, Duration::from_ms(5));
  EXPECT_EQ(parsed<LockUpgrade>("LOCK.UPGRADE a 7").wait, Duration());
  EXPECT_EQ(parsed<LockDowngrade>("LOCK.DOWNGRADE a 7").token, 7U);
  malformed("LOCK.UPGRADE a");
  malformed("LOCK.UPGRADE a 7 LEASE 5");
  malformed("LOCK.DOWNGRADE a 7 WAIT 5");
}

TEST(ParseLockTest, resolve_and_revoke_take_a_token_or_none) {
  const auto all = parsed<LockResolve>("LOCK.RESOLVE a REASON checked");
  EXPECT_EQ(all.token, 0U);
  EXPECT_EQ(all.reason, "checked");
  EXPECT_EQ(parsed<LockResolve>("LOCK.RESOLVE a 9").token, 9U);
  const auto revoke = parsed<LockRevoke>("LOCK.REVOKE a 9 RESOLVED REASON stuck");
  EXPECT_EQ(revoke.token, 9U);
  EXPECT_TRUE(revoke.resolved);
  EXPECT_EQ(revoke.reason, "stuck");
  EXPECT_TRUE(parsed<LockRevoke>("LOCK.REVOKE a RESOLVED").resolved);
  EXPECT_FALSE(parsed<LockRevoke>("LOCK.REVOKE a").resolved);
  malformed("LOCK.RESOLVE a 0");
  malformed("LOCK.RESOLVE a 9 RESOLVED");
  malformed("LOCK.REVOKE a RESOLVED RESOLVED");
  over_limit({"LOCK.REVOKE", "a", "REASON", bytes(257)});
  parsed<LockRevoke>("LOCK.REVOKE a REASON " + bytes(256));
}

TEST(ParseLockTest, semaphores_take_limit_and_permits) {
  const auto acquire = parsed<SemAcquire>("SEM.ACQUIRE s LIMIT 3 PERMITS 2 WAIT 5 AGENT t1");
  EXPECT_EQ(acquire.key, "s");
  EXPECT_EQ(acquire.limit, 3);
  EXPECT_EQ(acquire.permits, 2);
  EXPECT_EQ(acquire.wait, Duration::from_ms(5));
  EXPECT_EQ(acquire.agent, "t1");
  EXPECT_EQ(parsed<SemAcquire>("SEM.ACQUIRE s").limit, 0);
  EXPECT_EQ(parsed<SemAcquire>("SEM.ACQUIRE s").permits, 1);
  EXPECT_EQ(parsed<SemResize>("SEM.RESIZE s 1000000").limit, 1'000'000);
  EXPECT_EQ(parsed<SemRenew>("SEM.RENEW s 4 LEASE 9").lease, Duration::from_ms(9));
  EXPECT_EQ(parsed<SemRelease>("SEM.RELEASE s 4").token, 4U);
  EXPECT_EQ(parsed<SemInfo>("SEM.INFO s").key, "s");
  malformed("SEM.ACQUIRE s LIMIT 0");
  malformed("SEM.ACQUIRE s LIMIT 1000001");
  malformed("SEM.ACQUIRE s PERMITS 0");
  malformed("SEM.ACQUIRE s SHARED");
  malformed("SEM.ACQUIRE s PREEMPT 5 WAIT 9");
  malformed("SEM.RESIZE s 0");
  malformed("SEM.RESIZE s 1000001");
  malformed("SEM.RENEW s 4 REQUEST 5");
}

TEST(ParseLockTest, elections_take_a_value) {
  const auto campaign = parsed<ElectionCampaign>("ELECTION.CAMPAIGN e host-1 WAIT 5 PRIORITY 2");
  EXPECT_EQ(campaign.name, "e");
  EXPECT_EQ(campaign.value, "host-1");
  EXPECT_EQ(campaign.priority, 2);
  EXPECT_EQ(parsed<ElectionCampaign>("ELECTION.CAMPAIGN e ''").value, "");
  EXPECT_EQ(parsed<ElectionProclaim>("ELECTION.PROCLAIM e 4 host-2").value, "host-2");
  EXPECT_EQ(parsed<ElectionResign>("ELECTION.RESIGN e 4").token, 4U);
  EXPECT_EQ(parsed<ElectionLeader>("ELECTION.LEADER e").name, "e");
  EXPECT_TRUE(parsed<ElectionObserve>("ELECTION.OBSERVE e").on);
  EXPECT_FALSE(parsed<ElectionObserve>("ELECTION.OBSERVE e OFF").on);
  malformed("ELECTION.OBSERVE e MAYBE");
  malformed("ELECTION.CAMPAIGN e");
  over_limit({"ELECTION.CAMPAIGN", "e", bytes(4'097)});
  parsed<ElectionCampaign>("ELECTION.CAMPAIGN e " + bytes(4'096));
}

TEST(ParseLockTest, release_and_check_take_key_and_token) {
  const auto release = parsed<LockRelease>("LOCK.RELEASE a 9007199254740991");
  EXPECT_EQ(release.key, "a");
  EXPECT_EQ(release.token, 9'007'199'254'740'991U);
  const auto check = parsed<LockCheck>("LOCK.CHECK b 1");
  EXPECT_EQ(check.key, "b");
  EXPECT_EQ(check.token, 1U);
  EXPECT_EQ(envelope_of("LOCK.RELEASE a 1 REQUEST 2 SESSION 3 s"),
            (Envelope{.request = 2, .session = 3, .secret = "s"}));
}

TEST(ParseLockTest, a_token_is_within_the_numbers_that_every_language_has) {
  EXPECT_EQ(malformed("LOCK.RELEASE a 0"),
            "token must be a whole number from 1 to 9007199254740991, not \"0\"");
  malformed("LOCK.RELEASE a 9007199254740992");
  malformed("LOCK.CHECK a ten");
}

TEST(ParseLockTest, what_only_reads_takes_no_request_number) {
  malformed("LOCK.CHECK a 1 REQUEST 1");
  malformed("LOCK.INFO a REQUEST 1");
  malformed("LOCK.LIST REQUEST 1");
}

TEST(ParseLockTest, renew_needs_its_lease) {
  const auto renew = parsed<LockRenew>("LOCK.RENEW a 7 LEASE 86400000 REQUEST 2");
  EXPECT_EQ(renew.key, "a");
  EXPECT_EQ(renew.token, 7U);
  EXPECT_EQ(renew.lease, Duration::from_ms(86'400'000));
  EXPECT_EQ(malformed("LOCK.RENEW a 7 REQUEST 2"),
            "LEASE is required; use LOCK.RENEW key token LEASE ms [REQUEST n]");
  malformed("LOCK.RENEW a 7");
}

TEST(ParseLockTest, list_has_filters_and_pages) {
  const auto all = parsed<LockList>("LOCK.LIST");
  EXPECT_EQ(all.prefix, "");
  EXPECT_EQ(all.state, LockList::State::Any);
  EXPECT_EQ(all.count, 100);
  EXPECT_EQ(all.after, "");
  const auto some = parsed<LockList>("LOCK.LIST prefix acct/ state held count 10 after acct/9");
  EXPECT_EQ(some.prefix, "acct/");
  EXPECT_EQ(some.state, LockList::State::Held);
  EXPECT_EQ(some.count, 10);
  EXPECT_EQ(some.after, "acct/9");
  EXPECT_EQ(parsed<LockList>("LOCK.LIST PREFIX '' AFTER ''").prefix, "");
}

TEST(ParseLockTest, list_keeps_to_the_limits) {
  EXPECT_EQ(parsed<LockList>("LOCK.LIST COUNT 1000").count, 1'000);
  malformed("LOCK.LIST COUNT 1001");
  malformed("LOCK.LIST COUNT 0");
  EXPECT_EQ(malformed("LOCK.LIST STATE FREE"), "STATE must be HELD or SHUT, not \"FREE\"");
  EXPECT_TRUE(parse_words({"LOCK.LIST", "PREFIX", bytes(512), "AFTER", bytes(512)}));
  over_limit({"LOCK.LIST", "PREFIX", bytes(513)});
  over_limit({"LOCK.LIST", "AFTER", bytes(513)});
  Limits limits;
  limits.list_count = 20;
  EXPECT_EQ(call_of<LockList>(parse_line("LOCK.LIST", limits)).count, 20);
}

TEST(ParseLockTest, cancel_takes_a_ticket) {
  EXPECT_EQ(parsed<Cancel>("CANCEL t1").ticket, "t1");
  EXPECT_EQ(envelope_of("CANCEL t1 REQUEST 4").request, 4U);
  EXPECT_EQ(call_of<Cancel>(parse_words({"CANCEL", bytes(64)})).ticket, bytes(64));
  over_limit({"CANCEL", bytes(65)});
  malformed("CANCEL ''");
}

}  // namespace
}  // namespace command
