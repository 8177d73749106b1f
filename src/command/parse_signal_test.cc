// The commands on events, barriers and latches: what is understood, and what is refused.
#include "command/parse_testing.h"

namespace command {
namespace {

constexpr Duration ms(std::int64_t count) { return Duration::from_ms(count); }

TEST(ParseSignalTest, an_event_is_set_bare_or_with_a_payload) {
  const auto bare = parsed<EventSet>("EVENT.SET cut-off");
  EXPECT_EQ(bare.name, "cut-off");
  EXPECT_EQ(bare.payload, "");
  EXPECT_FALSE(bare.automatic);
  for (const char* line :
       {"EVENT.SET e cents AUTO", "EVENT.SET e AUTO cents", "EVENT.SET e PAYLOAD cents AUTO",
        "event.set e auto payload cents", "EVENT.SET e REQUEST 4 cents AUTO"}) {
    const auto set = parsed<EventSet>(line);
    EXPECT_EQ(set.payload, "cents") << line;
    EXPECT_TRUE(set.automatic) << line;
  }
}

TEST(ParseSignalTest, a_payload_that_looks_like_an_option_comes_after_its_keyword) {
  EXPECT_EQ(parsed<EventSet>("EVENT.SET e PAYLOAD AUTO").payload, "AUTO");
  EXPECT_FALSE(parsed<EventSet>("EVENT.SET e PAYLOAD AUTO").automatic);
  EXPECT_EQ(parsed<EventSet>("EVENT.SET e AUTO").payload, "");
  EXPECT_EQ(parsed<EventSet>("EVENT.SET AUTO WAIT").payload, "WAIT");  // EVENT.SET has no WAIT
  const auto arrive = parsed<BarrierArrive>("BARRIER.ARRIVE AS PARTIES 2 AS WAIT PAYLOAD WAIT");
  EXPECT_EQ(arrive.name, "AS");
  EXPECT_EQ(arrive.participant, "WAIT");
  EXPECT_EQ(arrive.payload, "WAIT");
  EXPECT_EQ(envelope_of("EVENT.SET e SESSION 5 s"), (Envelope{.session = 5, .secret = "s"}));
  malformed("EVENT.SET e PAYLOAD");
}

TEST(ParseSignalTest, there_is_one_payload) {
  malformed("EVENT.SET e one two");
  malformed("EVENT.SET e PAYLOAD one two");
  EXPECT_EQ(malformed("EVENT.SET e one PAYLOAD two"), "the payload is given twice");
  malformed("EVENT.SET e AUTO one AUTO");
  malformed("BARRIER.ARRIVE b PARTIES 2 one two");
  malformed("BARRIER.ARRIVE b one PARTIES 2 PAYLOAD two");
}

TEST(ParseSignalTest, a_payload_is_any_bytes_within_the_limit) {
  const std::string any("\0\r\n\xff", 4);
  EXPECT_EQ(call_of<EventSet>(parse_words({"EVENT.SET", "e", any})).payload, any);
  EXPECT_EQ(parsed<EventSet>("EVENT.SET e ''").payload, "");
  EXPECT_TRUE(parse_words({"EVENT.SET", "e", bytes(65'536)}));
  EXPECT_EQ(over_limit({"EVENT.SET", "e", bytes(65'537)}),
            "the payload has 65537 bytes; the limit payload_bytes is 65536");
  EXPECT_EQ(over_limit({"EVENT.SET", "e", "PAYLOAD", bytes(65'537)}),
            "PAYLOAD has 65537 bytes; the limit payload_bytes is 65536");
  EXPECT_TRUE(parse_words({"BARRIER.ARRIVE", "b", "PARTIES", "2", bytes(65'536)}));
  over_limit({"BARRIER.ARRIVE", "b", "PARTIES", "2", bytes(65'537)});
}

TEST(ParseSignalTest, an_event_is_waited_for_from_a_generation_or_as_it_is) {
  const auto bare = parsed<EventWait>("EVENT.WAIT e");
  EXPECT_EQ(bare.after, std::nullopt);
  EXPECT_EQ(bare.wait, Duration());
  const auto request = parse_line("event.wait e wait 86400000 after 0 async t1 request 2");
  const auto wait = call_of<EventWait>(request);
  EXPECT_EQ(wait.after, 0U);
  EXPECT_EQ(wait.wait, ms(86'400'000));
  EXPECT_EQ(request->envelope, (Envelope{.request = 2, .ticket = "t1"}));
  EXPECT_EQ(parsed<EventWait>("EVENT.WAIT e AFTER 9007199254740991").after, 9'007'199'254'740'991U);
  malformed("EVENT.WAIT e AFTER 9007199254740992");
  malformed("EVENT.WAIT e AFTER now");
  malformed("EVENT.WAIT e WAIT 86400001");
  malformed("EVENT.WAIT e payload");
}

TEST(ParseSignalTest, a_barrier_knows_how_many_it_waits_for) {
  const auto arrive = parsed<BarrierArrive>("BARRIER.ARRIVE b PARTIES 2");
  EXPECT_EQ(arrive.name, "b");
  EXPECT_EQ(arrive.parties, 2);
  EXPECT_EQ(arrive.participant, "");
  EXPECT_EQ(arrive.on_death, OnDeath::Break);
  EXPECT_EQ(arrive.wait, Duration());
  EXPECT_EQ(arrive.payload, "");
  EXPECT_EQ(parsed<BarrierArrive>("BARRIER.ARRIVE b PARTIES 1").parties, 1);
  EXPECT_EQ(parsed<BarrierArrive>("BARRIER.ARRIVE b PARTIES 1024").parties, 1'024);
  malformed("BARRIER.ARRIVE b PARTIES 0");
  malformed("BARRIER.ARRIVE b PARTIES 1025");
  EXPECT_TRUE(malformed("BARRIER.ARRIVE b AS me").starts_with("PARTIES is required"));
  malformed("BARRIER.ARRIVE b");
}

TEST(ParseSignalTest, an_arrival_takes_its_options_around_its_payload) {
  for (const char* line :
       {"BARRIER.ARRIVE b PARTIES 3 AS me ONDEATH SHRINK WAIT 5 cents REQUEST 2 ASYNC t1",
        "BARRIER.ARRIVE b cents PARTIES 3 AS me ONDEATH SHRINK WAIT 5 REQUEST 2 ASYNC t1",
        "barrier.arrive b async t1 as me payload cents request 2 ondeath shrink wait 5 parties "
        "3"}) {
    const auto request = parse_line(line);
    const auto arrive = call_of<BarrierArrive>(request);
    EXPECT_EQ(arrive.parties, 3) << line;
    EXPECT_EQ(arrive.participant, "me") << line;
    EXPECT_EQ(arrive.on_death, OnDeath::Shrink) << line;
    EXPECT_EQ(arrive.wait, ms(5)) << line;
    EXPECT_EQ(arrive.payload, "cents") << line;
    EXPECT_EQ(request->envelope, (Envelope{.request = 2, .ticket = "t1"})) << line;
  }
  EXPECT_EQ(malformed("BARRIER.ARRIVE b PARTIES 2 ONDEATH SKIP"),
            "ONDEATH must be BREAK or SHRINK, not \"SKIP\"");
  EXPECT_EQ(parsed<BarrierArrive>("BARRIER.ARRIVE b PARTIES 2 ONDEATH break").on_death,
            OnDeath::Break);
  malformed("BARRIER.ARRIVE b PARTIES 2 AS ''");
  malformed("BARRIER.ARRIVE b PARTIES 2 WAIT 86400001");
}

TEST(ParseSignalTest, a_latch_counts_down_from_a_number) {
  EXPECT_EQ(parsed<LatchSet>("LATCH.SET l 0").count, 0);
  EXPECT_EQ(parsed<LatchSet>("LATCH.SET l 1000000 REQUEST 2").count, 1'000'000);
  EXPECT_EQ(malformed("LATCH.SET l 1000001"),
            "the count must be a whole number from 0 to 1000000, not \"1000001\"");
  malformed("LATCH.SET l");
  malformed("LATCH.SET l 1 2");
  EXPECT_EQ(parsed<LatchCountdown>("LATCH.COUNTDOWN l").participant, "");
  EXPECT_EQ(parsed<LatchCountdown>("LATCH.COUNTDOWN l AS me").participant, "me");
  malformed("LATCH.COUNTDOWN l me");
  malformed("LATCH.COUNTDOWN l AS ''");
  EXPECT_EQ(parsed<LatchWait>("LATCH.WAIT l").wait, Duration());
  EXPECT_EQ(parsed<LatchWait>("LATCH.WAIT l WAIT 86400000").wait, ms(86'400'000));
  malformed("LATCH.WAIT l WAIT 86400001");
  malformed("LATCH.WAIT l AFTER 5");
}

TEST(ParseSignalTest, looking_and_resetting_take_a_name_alone) {
  EXPECT_EQ(parsed<EventReset>("EVENT.RESET e REQUEST 3").name, "e");
  EXPECT_EQ(parsed<EventInfo>("EVENT.INFO e").name, "e");
  EXPECT_EQ(parsed<BarrierInfo>("BARRIER.INFO b").name, "b");
  EXPECT_EQ(parsed<LatchInfo>("LATCH.INFO l").name, "l");
  malformed("EVENT.RESET e AUTO");
  malformed("EVENT.INFO e REQUEST 1");
  malformed("BARRIER.INFO b REQUEST 1");
  malformed("LATCH.INFO l REQUEST 1");
}

TEST(ParseSignalTest, every_name_is_within_its_limit) {
  for (const char* command : {"EVENT.SET", "EVENT.RESET", "EVENT.WAIT", "EVENT.INFO",
                              "BARRIER.INFO", "LATCH.COUNTDOWN", "LATCH.WAIT", "LATCH.INFO"}) {
    EXPECT_TRUE(parse_words({command, bytes(512)})) << command;
    EXPECT_EQ(over_limit({command, bytes(513)}), "name has 513 bytes; the limit name_bytes is 512");
    EXPECT_EQ(refusal({command, ""}).code, Code::Malformed) << command;
  }
  over_limit({"BARRIER.ARRIVE", bytes(513), "PARTIES", "2"});
  over_limit({"LATCH.SET", bytes(513), "2"});
  EXPECT_TRUE(parse_words({"BARRIER.ARRIVE", "b", "PARTIES", "2", "AS", bytes(512)}));
  over_limit({"BARRIER.ARRIVE", "b", "PARTIES", "2", "AS", bytes(513)});
  over_limit({"LATCH.COUNTDOWN", "l", "AS", bytes(513)});
}

}  // namespace
}  // namespace command
