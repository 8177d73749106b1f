// Entries survive encoding, damaged ones are refused, and a fingerprint tells
// two different requests apart.
#include "command/entry.h"

#include <gtest/gtest.h>

#include <set>

namespace command {
namespace {

/// Every command, with a value in every field.
std::vector<Command> all_commands() {
  SessionOpen open{Duration::from_ms(30'000), "worker", true, {}};
  open.secret_hash.fill(0xab);
  Rules rules;
  rules.ageing_step = Duration::from_ms(77);
  rules.limits.list_count = 5;
  const Terms terms{Duration::from_ms(1), Duration::from_ms(2), 3, "note", "agent",
                    Duration::from_ms(4)};
  const LockAcquire acquire{terms,
                            {{"a", true}, {"b", false}},
                            "owner",
                            Duration::from_ms(8),
                            {OnLoss::Kind::Delay, Duration::from_ms(9)}};
  const Declaration declaration{"f",
                                "t",
                                std::vector<std::string>{"a", "b"},
                                When::Ended,
                                OnDead::Skip,
                                Duration::from_ms(1),
                                2,
                                Backoff{Duration::from_ms(3), Duration::from_ms(4)},
                                Duration::from_ms(5),
                                Duration::from_ms(6),
                                "input"};
  return {open,
          SessionAttach{},
          SessionKeepAlive{},
          SessionClose{},
          SessionInfo{42},
          SessionList{7, 9},
          acquire,
          LockRelease{"a", 5},
          LockRenew{"a", 5, Duration::from_ms(6)},
          LockCheck{"a", 5},
          LockInfo{"a"},
          LockList{"a/", LockList::State::Held, 10, "a/7"},
          LockUpgrade{"a", 5, Duration::from_ms(7)},
          LockDowngrade{"a", 5},
          LockResolve{"a", 5, "why"},
          LockRevoke{"a", 5, true, "why"},
          SemAcquire{terms, "a", 3, 2},
          SemRelease{"a", 5},
          SemRenew{"a", 5, Duration::from_ms(6)},
          SemInfo{"a"},
          SemResize{"a", 4},
          ElectionCampaign{terms, "a", "host-1"},
          ElectionProclaim{"a", 5, "host-2"},
          ElectionResign{"a", 5},
          ElectionLeader{"a"},
          TaskAdd{declaration, std::uint8_t{7}},
          TaskJoin{declaration, terms, Duration::from_ms(8)},
          TaskTake{terms, {"t", "u"}, "payment/"},
          TaskComplete{"f", "t", 5, "result"},
          TaskFail{"f", "t", 5, "declined", true},
          TaskRelease{"f", "t", 5, Duration::from_ms(6), "half"},
          TaskExtend{"f", "t", 5, Duration::from_ms(6)},
          TaskResult{"f", "t", Duration::from_ms(6), "agent"},
          TaskCancel{"f", "t", "why"},
          TaskRedrive{"f", "t", "why"},
          TaskWhy{"f", "t"},
          FlowInfo{"f"},
          FlowList{"f", true, 7, "e"},
          FlowCancel{"f", "why"},
          FlowClose{"f"},
          EventSet{"e", "payload", true},
          EventReset{"e"},
          EventWait{"e", std::uint64_t{4}, Duration::from_ms(6)},
          EventInfo{"e"},
          BarrierArrive{"b", 3, "me", OnDeath::Shrink, Duration::from_ms(6), "payload"},
          BarrierInfo{"b"},
          LatchSet{"l", 3},
          LatchCountdown{"l", "me"},
          LatchWait{"l", Duration::from_ms(6)},
          LatchInfo{"l"},
          Cancel{"t1"},
          Configure{rules},
          Start{"turnstile 0.1"},
          Tick{},
          Disconnect{}};
}

Entry full_entry(Command command) {
  return {.index = 9,
          .now = base::Time::from_us(1),
          .wall = base::Time::from_us(2),
          .origin = {.user = "default", .connection = 3, .session = 4},
          .request = 5,
          .ticket = "ticket",
          .trace = "00-trace",
          .command = std::move(command)};
}

Entry bare_entry(Command command) {
  Entry entry;
  entry.command = std::move(command);
  return entry;
}

std::string encoded(const Entry& entry) {
  std::string bytes;
  encode(entry, bytes);
  return bytes;
}

TEST(EntryTest, there_is_a_sample_of_every_command) {
  std::set<std::size_t> alternatives;
  std::set<std::uint8_t> kinds;
  for (const Command& command : all_commands()) {
    alternatives.insert(command.index());
    kinds.insert(kind_of(command));
    EXPECT_NE(kind_name(kind_of(command)), "unknown");
  }
  EXPECT_EQ(alternatives.size(), std::variant_size_v<Command>);
  EXPECT_EQ(kinds.size(), std::variant_size_v<Command>);
  EXPECT_EQ(kind_name(255), "unknown");
}

TEST(EntryTest, every_command_is_read_back_as_it_was_written) {
  for (const Command& command : all_commands()) {
    const std::string bytes = encoded(full_entry(command));
    Entry read;
    ASSERT_TRUE(decode(bytes, read)) << kind_name(kind_of(command));
    EXPECT_EQ(read.command.index(), command.index());
    EXPECT_EQ(encoded(read), bytes) << kind_name(kind_of(command));
  }
}

TEST(EntryTest, all_that_surrounds_the_command_is_read_back) {
  Entry read;
  read.index = 11;
  read.now = base::Time::from_us(12);
  read.wall = base::Time::from_us(13);
  ASSERT_TRUE(decode(encoded(full_entry(Tick{})), read));
  EXPECT_EQ(read.origin.user, "default");
  EXPECT_EQ(read.origin.connection, 3U);
  EXPECT_EQ(read.origin.session, 4U);
  EXPECT_EQ(read.request, 5U);
  EXPECT_EQ(read.ticket, "ticket");
  EXPECT_EQ(read.trace, "00-trace");
  EXPECT_EQ(read.index, 11U);
  EXPECT_EQ(read.now, base::Time::from_us(12));
  EXPECT_EQ(read.wall, base::Time::from_us(13));
}

TEST(EntryTest, what_is_absent_takes_no_bytes_and_clears_what_was_there) {
  const std::string bytes = encoded(bare_entry(Tick{}));
  EXPECT_EQ(bytes.size(), 10U);  // kind, flags, connection
  Entry read = full_entry(SessionOpen{});
  ASSERT_TRUE(decode(bytes, read));
  EXPECT_EQ(read.origin.user, "");
  EXPECT_EQ(read.origin.session, 0U);
  EXPECT_EQ(read.request, 0U);
  EXPECT_EQ(read.ticket, "");
  EXPECT_EQ(read.trace, "");
}

TEST(EntryTest, the_fields_of_a_command_are_read_back) {
  Entry read;
  ASSERT_TRUE(decode(encoded(full_entry(all_commands()[6])), read));
  const auto& acquire = std::get<LockAcquire>(read.command);
  EXPECT_EQ(acquire.keys, (KeyModes{{"a", true}, {"b", false}}));
  EXPECT_EQ(acquire.wait, Duration::from_ms(1));
  EXPECT_EQ(acquire.lease, Duration::from_ms(2));
  EXPECT_EQ(acquire.priority, 3);
  EXPECT_EQ(acquire.note, "note");
  EXPECT_EQ(acquire.agent, "agent");
  EXPECT_EQ(acquire.within, Duration::from_ms(4));
  EXPECT_EQ(acquire.owner, "owner");
  EXPECT_EQ(acquire.preemption, Duration::from_ms(8));
  EXPECT_EQ(acquire.on_loss, (OnLoss{OnLoss::Kind::Delay, Duration::from_ms(9)}));
}

TEST(EntryTest, encoding_appends) {
  std::string bytes = "before";
  encode(bare_entry(Tick{}), bytes);
  EXPECT_EQ(bytes, "before" + encoded(bare_entry(Tick{})));
}

TEST(EntryTest, every_truncation_is_refused) {
  for (const Command& command : all_commands()) {
    const std::string bytes = encoded(full_entry(command));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      Entry read;
      EXPECT_FALSE(decode(std::string_view(bytes).substr(0, size), read))
          << kind_name(kind_of(command)) << " cut to " << size;
    }
  }
}

TEST(EntryTest, bytes_too_many_are_refused) {
  for (const Command& command : all_commands()) {
    Entry read;
    EXPECT_FALSE(decode(encoded(full_entry(command)) + '\0', read)) << kind_name(kind_of(command));
  }
}

TEST(EntryTest, an_unknown_kind_or_flag_is_refused_with_the_index) {
  std::string bytes = encoded(bare_entry(Tick{}));
  bytes[0] = static_cast<char>(200);
  Entry read;
  read.index = 77;
  const auto unknown_kind = decode(bytes, read);
  ASSERT_FALSE(unknown_kind);
  EXPECT_EQ(unknown_kind.error().fault, base::Fault::Corrupt);
  EXPECT_NE(unknown_kind.error().message.find("entry 77 (kind 200)"), std::string::npos);
  bytes = encoded(bare_entry(Tick{}));
  bytes[1] = 32;
  EXPECT_FALSE(decode(bytes, read));
}

TEST(EntryTest, a_changed_byte_never_does_worse_than_a_refusal) {
  for (const Command& command : all_commands()) {
    const std::string bytes = encoded(full_entry(command));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      for (const int flip : {0x01, 0x80, 0xff}) {
        std::string damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ flip);
        Entry read;
        EXPECT_TRUE(!decode(damaged, read) || encoded(read).size() == damaged.size());
      }
    }
  }
}

LockAcquire acquire_of(std::string key) {
  LockAcquire acquire;
  acquire.keys = {{std::move(key), false}};
  return acquire;
}

TEST(FingerprintTest, different_commands_differ) {
  std::set<std::uint64_t> fingerprints;
  for (const Command& command : all_commands()) fingerprints.insert(fingerprint(command));
  EXPECT_EQ(fingerprints.size(), all_commands().size());
}

TEST(FingerprintTest, how_long_the_caller_waits_does_not_count) {
  LockAcquire patient = acquire_of("a");
  patient.wait = Duration::from_ms(5'000);
  patient.within = Duration::from_ms(1'000);
  EXPECT_EQ(fingerprint(patient), fingerprint(acquire_of("a")));
  EXPECT_EQ(fingerprint(LockUpgrade{"a", 5, Duration::from_ms(7)}),
            fingerprint(LockUpgrade{"a", 5, Duration()}));
}

TEST(FingerprintTest, everything_else_counts) {
  const auto differs = [](auto change) {
    LockAcquire changed = acquire_of("a");
    change(changed);
    return fingerprint(changed) != fingerprint(acquire_of("a"));
  };
  EXPECT_TRUE(differs([](LockAcquire& a) { a.keys[0].key = "b"; }));
  EXPECT_TRUE(differs([](LockAcquire& a) { a.keys[0].shared = true; }));
  EXPECT_TRUE(differs([](LockAcquire& a) { a.keys.push_back({"b", false}); }));
  EXPECT_TRUE(differs([](LockAcquire& a) { a.lease = Duration(); }));
  EXPECT_TRUE(differs([](LockAcquire& a) { a.priority = 1; }));
  EXPECT_TRUE(differs([](LockAcquire& a) { a.note = "n"; }));
  EXPECT_TRUE(differs([](LockAcquire& a) { a.owner = "o"; }));
  EXPECT_TRUE(differs([](LockAcquire& a) { a.agent = "o"; }));
  EXPECT_TRUE(differs([](LockAcquire& a) { a.preemption = Duration(); }));
  EXPECT_TRUE(differs([](LockAcquire& a) { a.on_loss.kind = OnLoss::Kind::Hold; }));
  EXPECT_NE(fingerprint(LockRelease{"a", 1}), fingerprint(LockRelease{"a", 2}));
  EXPECT_NE(fingerprint(LockRelease{"a", 1}), fingerprint(LockCheck{"a", 1}));
}

TEST(FingerprintTest, how_long_a_task_or_a_signal_is_waited_for_does_not_count) {
  TaskJoin join;
  TaskTake take;
  const auto unhurried = [](auto command) {
    command.wait = Duration::from_ms(5'000);
    return fingerprint(command);
  };
  EXPECT_EQ(unhurried(join), fingerprint(join));
  EXPECT_EQ(unhurried(take), fingerprint(take));
  EXPECT_EQ(unhurried(TaskResult{"f", "t", {}, ""}), fingerprint(TaskResult{"f", "t", {}, ""}));
  EXPECT_EQ(unhurried(EventWait{"e", {}, {}}), fingerprint(EventWait{"e", {}, {}}));
  EXPECT_EQ(unhurried(LatchWait{"l", {}}), fingerprint(LatchWait{"l", {}}));
  EXPECT_EQ(unhurried(BarrierArrive{}), fingerprint(BarrierArrive{}));
}

TEST(FingerprintTest, the_order_in_which_tasks_are_named_does_not_count) {
  const auto after = [](auto command, std::vector<std::string> names) {
    command.after = std::move(names);
    return fingerprint(command);
  };
  EXPECT_EQ(after(TaskAdd{}, {"a", "b"}), after(TaskAdd{}, {"b", "a"}));
  EXPECT_EQ(after(TaskJoin{}, {"a", "b"}), after(TaskJoin{}, {"b", "a"}));
  EXPECT_NE(after(TaskJoin{}, {"a", "b"}), after(TaskJoin{}, {"a"}));
  EXPECT_NE(after(TaskJoin{}, {}), fingerprint(TaskJoin{}));
  EXPECT_EQ(fingerprint(TaskTake{{}, {"a", "b"}, ""}), fingerprint(TaskTake{{}, {"b", "a"}, ""}));
  EXPECT_NE(fingerprint(TaskTake{{}, {"a", "b"}, ""}), fingerprint(TaskTake{{}, {"a"}, "b"}));
}

TEST(FingerprintTest, what_is_left_out_of_a_declaration_is_not_what_it_says_by_default) {
  const auto differs = [](auto change) {
    TaskAdd changed;
    change(changed);
    return fingerprint(changed) != fingerprint(TaskAdd{});
  };
  EXPECT_TRUE(differs([](TaskAdd& a) { a.when = When::Completed; }));
  EXPECT_TRUE(differs([](TaskAdd& a) { a.on_dead = OnDead::Hold; }));
  EXPECT_TRUE(differs([](TaskAdd& a) { a.timeout = Duration::from_ms(60'000); }));
  EXPECT_TRUE(differs([](TaskAdd& a) { a.attempts = 5; }));
  EXPECT_TRUE(differs([](TaskAdd& a) { a.backoff = Backoff{}; }));
  EXPECT_TRUE(differs([](TaskAdd& a) { a.delay = Duration(); }));
  EXPECT_TRUE(differs([](TaskAdd& a) { a.deadline = Duration(); }));
  EXPECT_TRUE(differs([](TaskAdd& a) { a.input = ""; }));
  EXPECT_TRUE(differs([](TaskAdd& a) { a.priority = std::uint8_t{0}; }));
}

TEST(FingerprintTest, how_an_attempt_ended_counts) {
  EXPECT_NE(fingerprint(TaskComplete{"f", "t", 5, "r"}),
            fingerprint(TaskComplete{"f", "t", 5, "s"}));
  EXPECT_NE(fingerprint(TaskFail{"f", "t", 5, "r", true}),
            fingerprint(TaskFail{"f", "t", 5, "r", false}));
  EXPECT_NE(fingerprint(TaskRelease{"f", "t", 5, {}, ""}),
            fingerprint(TaskRelease{"f", "t", 5, {}, std::nullopt}));
}

TEST(FingerprintTest, where_one_name_ends_and_the_next_begins_counts) {
  LockAcquire one = acquire_of("ab");
  one.keys.push_back({"c", false});
  LockAcquire other = acquire_of("a");
  other.keys.push_back({"bc", false});
  EXPECT_NE(fingerprint(one), fingerprint(other));
}

}  // namespace
}  // namespace command
