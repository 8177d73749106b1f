// What the service tells about itself, and what it keeps to itself.
#include <gtest/gtest.h>

#include "state/test_machine.h"

namespace state {
namespace {

using State = command::LockList::State;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(ReportTest, a_free_key_is_described_as_free) {
  World world;
  Client alice(world, "alice");
  EXPECT_EQ(alice.info("k"),
            "{key: k, state: free, held: 0, waiting: 0, expected: 0, holders: [], waiters: [], "
            "shut: []}");
}

TEST(ReportTest, holders_and_waiters_are_described_in_order) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(10'000, "billing");
  alice.acquire({exclusive("k"), shared("j")}, {.priority = 3, .note = "pay-7"});
  bob.acquire("k", {.wait = 9'000, .lease = 1'000});
  world.advance(500);
  EXPECT_EQ(bob.info("k"),
            "{key: k, state: held, held: 1, waiting: 1, expected: -, "
            "holders: [{session: 1, name: billing, user: default, connection: 1, agent: -, "
            "keys: [k, j], since: 1700000000000, held: 500, lease: 9500, priority: 3, note: pay-7, "
            "mode: exclusive, onloss: free, entries: 1}], "
            "waiters: [{session: -, name: -, user: default, connection: 2, agent: -, keys: [k], "
            "since: 1700000000000, waited: 500, wait: 8500, priority: 0, note: -, "
            "why: \"k\" is held by \"billing\" (session 1) for 500 ms: \"pay-7\", "
            "mode: exclusive}], shut: []}");
  EXPECT_TRUE(contains(bob.info("j"), "state: shared"));
}

TEST(ReportTest, a_token_is_shown_only_to_the_session_that_owns_it) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), pool(world, "pool");
  alice.open(10'000);
  bob.open(10'000);
  alice.acquire("k");
  pool.acquire("p", {.lease = 5'000});
  EXPECT_TRUE(contains(alice.info("k"), "token: 3"));
  for (Client* other : {&bob, &pool}) {
    EXPECT_FALSE(contains(other->info("k"), "token"));
    EXPECT_FALSE(contains(other->info("p"), "token"));
    EXPECT_FALSE(contains(other->say(command::LockList{}), "token"));
  }
  EXPECT_FALSE(contains(alice.info("p"), "token"));
  bob.user("mallory").join(alice.session());
  EXPECT_FALSE(contains(bob.info("k"), "token"));
}

TEST(ReportTest, a_refusal_says_who_holds_and_for_what_but_never_the_token) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  for (int i = 0; i < 776; ++i) alice.acquire("other", {.lease = 60'000}), world.start();
  alice.open(10'000, "billing");
  alice.acquire("k", {.note = "pay-7"});
  const std::uint64_t token = world.reply<command::Granted>().token;
  world.advance(40);
  EXPECT_EQ(bob.acquire("k", {.lease = 1'000}), "BUSY");
  EXPECT_TRUE(contains(world.sentence(), "\"k\" is held by \"billing\""));
  EXPECT_TRUE(contains(world.sentence(), "for 40 ms: \"pay-7\""));
  EXPECT_FALSE(contains(world.sentence(), std::to_string(token)));
  EXPECT_EQ(bob.release("k", token), "NOTHOLDER");
  EXPECT_FALSE(contains(world.sentence(), std::to_string(token)));
}

TEST(ReportTest, a_refusal_names_the_key_that_is_in_the_way) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  alice.acquire("y", {.lease = 60'000});
  bob.acquire({exclusive("x"), exclusive("y")}, {.wait = 60'000, .lease = 1'000});
  carol.acquire({exclusive("w"), exclusive("y")}, {.lease = 1'000});
  EXPECT_TRUE(contains(world.sentence(), "\"y\" is held by connection 1"));
  carol.acquire("x", {.lease = 1'000});
  EXPECT_TRUE(contains(world.sentence(), "\"x\" is reserved for a request that came before"));
}

TEST(ReportTest, a_reader_behind_a_writer_is_told_of_the_writer_and_not_of_the_reader) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  alice.acquire({shared("k")}, {.lease = 60'000});
  bob.acquire("k", {.wait = 60'000, .lease = 1'000});
  EXPECT_EQ(carol.acquire({shared("k")}, {.lease = 1'000}), "BUSY");
  EXPECT_EQ(world.sentence(), "\"k\" is reserved for a request that came before; 1 waiting");
}

TEST(ReportTest, who_gives_up_does_not_count_himself_among_those_who_wait) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.acquire("k", {.lease = 60'000});
  bob.acquire("k", {.wait = 1'000, .lease = 1'000});
  world.advance(1'000);
  const auto& ended = std::get<command::WaitEnded>(world.outcome().events.at(0));
  EXPECT_EQ(std::get<command::Refused>(ended.reply).sentence,
            "waited 1000 ms; \"k\" is held by connection 1 for 1000 ms");
}

TEST(ReportTest, names_with_strange_bytes_cannot_break_a_line) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  const std::string key("a\r\nb\0c", 6);
  alice.open(10'000, "\x1b[2J");
  alice.acquire(key, {.note = "\n"});
  bob.acquire(key, {.lease = 1'000});
  for (const char c : world.sentence()) EXPECT_TRUE(c >= ' ' && c <= '~');
}

TEST(ReportTest, a_list_is_paged_in_the_order_of_the_keys) {
  World world;
  Client alice(world, "alice");
  alice.open(10'000);
  for (const char* key : {"b/2", "a/1", "b/1", "c/1", "b"}) alice.acquire(key);
  const auto keys = [&](command::LockList list) {
    alice.say(list);
    std::string text;
    const auto reply = world.reply<command::Value>();
    for (const auto& row : std::get<command::Value::List>(reply.data)) {
      text += text_of(std::get<command::Value::Map>(row.data).at(0).second) + " ";
    }
    return text;
  };
  EXPECT_EQ(keys({"", State::Any, 100, ""}), "a/1 b b/1 b/2 c/1 ");
  EXPECT_EQ(keys({"b/", State::Any, 100, ""}), "b/1 b/2 ");
  EXPECT_EQ(keys({"", State::Any, 2, ""}), "a/1 b ");
  EXPECT_EQ(keys({"", State::Any, 2, "b"}), "b/1 b/2 ");
  EXPECT_EQ(keys({"b/", State::Any, 100, "b/1"}), "b/2 ");
  EXPECT_EQ(keys({"b/", State::Any, 100, "a"}), "b/1 b/2 ");
  EXPECT_EQ(keys({"b/", State::Any, 100, "c"}), "");
}

TEST(ReportTest, a_list_of_what_is_held_leaves_out_what_is_only_reserved) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.acquire("y", {.lease = 60'000});
  bob.acquire({exclusive("x"), exclusive("y")}, {.wait = 60'000, .lease = 1'000});
  EXPECT_TRUE(contains(bob.say(command::LockList{}), "key: x"));
  EXPECT_FALSE(contains(bob.say(command::LockList{"", State::Held, 100, ""}), "key: x"));
}

}  // namespace
}  // namespace state
