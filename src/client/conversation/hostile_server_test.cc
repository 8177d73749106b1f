// A server that sends what it should not. Nothing of it may crash the client,
// hang a caller for longer than his patience, or pass for a grant.
#include <gtest/gtest.h>

#include <random>

#include "client/conversation/conversation.h"
#include "client/testing/scripted_server.h"

namespace turnstile::client {
namespace {

using namespace std::chrono_literals;

bool is_dropped(const World& world) { return world.conversation.wanted_connection() == 0; }

TEST(HostileServerTest, garbage_ends_the_connection) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  world.send("HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_TRUE(is_dropped(world));
  world.attach(attached({listed_grant(5, "a", 1)}));
  EXPECT_TRUE(hold->is_held(world.now));
}

TEST(HostileServerTest, a_reply_that_nobody_asked_for_ends_the_connection) {
  World world;
  world.open_session();
  world.send("+OK\r\n");
  EXPECT_TRUE(is_dropped(world));
}

TEST(HostileServerTest, an_answer_of_the_wrong_shape_is_no_grant) {
  for (const std::string_view answer :
       {":1\r\n", "+OK\r\n", "_\r\n", "*0\r\n", "%0\r\n", "$2\r\nOK\r\n",
        "%2\r\n$5\r\ntoken\r\n:0\r\n$5\r\nlease\r\n:1\r\n",
        "%2\r\n$5\r\ntoken\r\n:-1\r\n$5\r\nlease\r\n:1\r\n",
        "%2\r\n$5\r\ntoken\r\n:9007199254740992\r\n$5\r\nlease\r\n:1\r\n",
        "%2\r\n$5\r\ntoken\r\n:5\r\n$5\r\nlease\r\n:-1\r\n",
        "%2\r\n$5\r\ntoken\r\n:5\r\n$5\r\nlease\r\n:9223372036854775807\r\n",
        "%1\r\n$5\r\ntoken\r\n:5\r\n"}) {
    World world;
    world.open_session();
    const auto call = world.try_lock("a");
    world.serve("LOCK.ACQUIRE a REQUEST 1", answer);
    EXPECT_FALSE(call.hold()) << answer;
    EXPECT_TRUE(is_dropped(world)) << answer;
    world.advance(ms(5'001));
    EXPECT_TRUE(call.failed_with(ErrorCode::Unavailable)) << answer;
  }
}

TEST(HostileServerTest, a_try_is_never_queued) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a");
  world.serve("LOCK.ACQUIRE a REQUEST 1", kQueued);
  EXPECT_TRUE(is_dropped(world));
}

TEST(HostileServerTest, an_outcome_before_queued_ends_the_connection) {
  World world;
  world.open_session();
  const auto call = world.lock("a");
  world.next();
  world.send(push("1", granted(5)));
  EXPECT_TRUE(is_dropped(world));
  EXPECT_FALSE(call.is_done());
}

TEST(HostileServerTest, unknown_pushes_are_ignored) {
  World world;
  world.open_session();
  world.send(">1\r\n$9\r\nturnstile\r\n");
  world.send(">3\r\n:1\r\n:2\r\n:3\r\n");
  world.send(">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n");
  world.send(push("not-a-ticket", "+OK\r\n"));
  world.send(push("18446744073709551616", granted(3)));
  world.send(push("44", granted(3)));
  world.send(">3\r\n$16\r\nturnstile-notice\r\n$4\r\nlost\r\n:1\r\n");
  world.send(">3\r\n$16\r\nturnstile-notice\r\n$7\r\nstrange\r\n%0\r\n");
  EXPECT_FALSE(is_dropped(world));
}

TEST(HostileServerTest, a_session_that_makes_no_sense_is_not_opened) {
  for (const std::string& answer :
       {std::string("+OK\r\n"), std::string("%0\r\n"), opened(0), opened(-4), opened(7, 0),
        opened(7, -1), std::string(":7\r\n")}) {
    World world;
    const auto call = world.try_lock("a");
    world.connect();
    world.serve("HELLO 3", kHelloReply);
    world.serve("SESSION.OPEN TTL 10000 NAME test", answer);
    EXPECT_FALSE(world.session) << answer;
    EXPECT_TRUE(is_dropped(world)) << answer;
  }
}

TEST(HostileServerTest, a_refusal_to_serve_is_told_to_who_connects) {
  for (const auto& [answer, code] : {std::pair("-NOAUTH log in first\r\n", ErrorCode::Denied),
                                     std::pair("-WRONGPASS no\r\n", ErrorCode::Denied),
                                     std::pair("-NOPROTO unsupported\r\n", ErrorCode::Protocol),
                                     std::pair("-LIMIT sessions\r\n", ErrorCode::Limit),
                                     std::pair("-SOMETHING else\r\n", ErrorCode::Other)}) {
    World world;
    const auto ready = world.start(make_ready());
    world.connect();
    world.serve("HELLO 3", answer);
    EXPECT_TRUE(ready.failed_with(code)) << answer;
    EXPECT_TRUE(is_dropped(world));
  }
}

TEST(HostileServerTest, an_attach_that_makes_no_sense_leaves_holds_to_their_deadline) {
  for (const std::string& answer :
       {std::string("+OK\r\n"), std::string("%0\r\n"), attached({"+grant\r\n"}),
        attached({listed_grant(0, "a", 1)}), std::string("-ERR what?\r\n")}) {
    World world;
    world.open_session();
    const auto hold = world.hold("a", 5);
    world.disconnect();
    world.connect();
    world.serve("HELLO 3", kHelloReply);
    world.serve("SESSION.ATTACH 7 s3cret", answer);
    EXPECT_TRUE(is_dropped(world)) << answer;
    EXPECT_FALSE(hold->alarm.is_lost());
    world.advance(ms(9'000));
    EXPECT_TRUE(hold->alarm.is_lost());
  }
}

TEST(HostileServerTest, sessions_that_die_at_once_do_not_make_the_client_spin) {
  World world;
  world.lock("a");
  int attempts = 0;
  const auto end = world.now + ms(10'000);
  while (world.now < end) {
    world.advance(ms(5));
    if (world.conversation.wanted_connection() == 0) continue;
    ++attempts;
    world.conversation.on_connected(world.now);
    world.conversation.take_output();
    world.send(std::string(kHelloReply) + opened(attempts) + "-NOSESSION gone\r\n");
  }
  EXPECT_LT(attempts, 40);
}

TEST(HostileServerTest, random_replies_break_nothing) {
  const std::vector<std::string> phrases = {
      "+OK\r\n",
      "+QUEUED\r\n",
      ":0\r\n",
      ":1\r\n",
      "_\r\n",
      "-BUSY no\r\n",
      "-LOST 5\r\n",
      "-NOSESSION 7\r\n",
      "-STALE x\r\n",
      "-UNAVAILABLE x\r\n",
      "-MOVED\r\n",
      "-MOVED 0 x:1\r\n",
      "-CONFLICT\r\n",
      "-FORGOTTEN\r\n",
      granted(5),
      granted(6),
      opened(7),
      opened(8, 1),
      kept(),
      kept(1),
      attached(),
      push("1", granted(5)),
      push("2", "-\r\n"),
      lost_notice(5),
      "*-1\r\n",
      "%1\r\n:1\r\n",
      std::string(kHelloReply),
      attached({listed_grant(5, "a", 1)}, {listed_wait("1", "a", 2), listed_wait("x", "b", 3)})};
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    std::mt19937_64 chance(seed);
    World world;
    std::vector<Call> calls;
    std::vector<std::shared_ptr<Hold>> holds;
    for (int step = 0; step < 200; ++step) {
      switch (chance() % 8) {
        case 0: calls.push_back(world.lock("a")); break;
        case 1: calls.push_back(world.try_lock("b", {.wait = 1s, .lease = 2s})); break;
        case 2:
          if (!calls.empty()) world.cancel(calls[chance() % calls.size()]);
          break;
        case 3: world.advance(ms(static_cast<std::int64_t>(chance() % 900))); break;
        case 4:
          if (world.conversation.wanted_connection() != 0) {
            world.conversation.on_connected(world.now);
          }
          break;
        case 5: world.send(std::string(kHelloReply) + opened(7)); break;
        default: world.send(phrases[chance() % phrases.size()]);
      }
      if (!calls.empty() && calls.back().hold()) {
        holds.push_back(calls.back().hold());
        calls.push_back(world.release(holds.back()));
      }
      if (chance() % 50 == 0) world.disconnect();
    }
    world.conversation.close(world.now);
    world.advance(ms(2'000));
    EXPECT_TRUE(world.conversation.is_closed());
    for (const auto& call : calls) EXPECT_TRUE(call.is_done()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace turnstile::client
