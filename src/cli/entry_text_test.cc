// Lines of a dump.
#include "cli/entry_text.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

command::Entry entry(command::Command command) {
  command::Entry entry;
  entry.index = 12;
  entry.now = base::Time::from_us(3'250'000);
  entry.wall = base::Time::from_us(1'769'879'109'042'999);
  entry.origin = {.user = "alice", .connection = 3, .session = 2};
  entry.command = std::move(command);
  return entry;
}

command::LockAcquire acquire() {
  command::LockAcquire command;
  command.keys = {{"account/7", false}, {"two words", true}};
  command.wait = base::Duration::from_ms(500);
  command.priority = 3;
  command.note = "payout 881";
  return command;
}

TEST(EntryTextTest, a_line_tells_who_asked_what_and_when) {
  EXPECT_EQ(entry_line(entry(acquire())),
            "      12  +3.250000s  2026-01-31T17:05:09.042Z  alice connection=3 session=2  "
            "LOCK.ACQUIRE account/7 AND \"two words\" SHARED WAIT 500 PRIORITY 3 "
            "NOTE \"payout 881\"");
}

TEST(EntryTextTest, request_and_ticket_stand_as_on_the_wire) {
  command::Entry release = entry(command::LockRelease{.key = "a", .token = 9});
  release.request = 4;
  release.ticket = "t1";
  EXPECT_TRUE(entry_line(release).ends_with("LOCK.RELEASE a 9 REQUEST 4 ASYNC t1"))
      << entry_line(release);
}

TEST(EntryTextTest, the_service_itself_is_named) {
  command::Entry tick = entry(command::Tick{});
  tick.origin = {};
  EXPECT_TRUE(entry_line(tick).ends_with("  the service  tick")) << entry_line(tick);
}

TEST(EntryTextTest, no_secret_is_shown) {
  command::SessionOpen open{.ttl = base::Duration::from_ms(10'000), .name = "payout"};
  open.secret_hash.fill(0xAB);
  EXPECT_TRUE(entry_line(entry(open)).ends_with("  SESSION.OPEN TTL 10000 NAME payout"));
  EXPECT_EQ(entry_json(entry(open)).find("ab"), std::string::npos);
}

TEST(EntryTextTest, json_has_the_arguments_one_by_one) {
  EXPECT_EQ(entry_json(entry(acquire())),
            R"({"index":12,"cluster_us":3250000,"wall_us":1769879109042999,)"
            R"("wall":"2026-01-31T17:05:09.042Z","user":"alice","connection":3,"session":2,)"
            R"("command":"LOCK.ACQUIRE","arguments":["account/7","AND","two words","SHARED",)"
            R"("WAIT","500","PRIORITY","3","NOTE","payout 881"]})");
}

TEST(EntryTextTest, what_cannot_be_decoded_keeps_its_place) {
  const std::string line = unreadable_line(entry(command::Tick{}), "entry 12 is of kind 200");
  EXPECT_EQ(line, "      12  +3.250000s  2026-01-31T17:05:09.042Z  entry 12 is of kind 200");
}

}  // namespace
}  // namespace cli
