// The commands that the server answers itself.
#include "command/parse_testing.h"

namespace command {
namespace {

using Names = std::vector<std::string>;

TEST(ParseConnectionTest, hello_may_choose_the_protocol) {
  EXPECT_EQ(parsed<Hello>("HELLO"), Hello{});
  EXPECT_EQ(parsed<Hello>("hello 2").version, 2);
  EXPECT_EQ(parsed<Hello>("HELLO 3").version, 3);
}

TEST(ParseConnectionTest, hello_may_log_in_and_name_the_connection) {
  const auto hello = parsed<Hello>("HELLO 3 setname app AUTH default p4ss");
  EXPECT_EQ(hello.client_name, "app");
  EXPECT_EQ(hello.user, "default");
  EXPECT_EQ(hello.password, "p4ss");
  EXPECT_EQ(parsed<Hello>("HELLO 3 AUTH default ''").password, "");
  EXPECT_EQ(parsed<Hello>("HELLO 3 SETNAME ''").client_name, "");
}

TEST(ParseConnectionTest, hello_refuses_other_protocols) {
  for (const char* line : {"HELLO 1", "HELLO 4", "HELLO 0"}) {
    EXPECT_EQ(refusal(words(line)).code, Code::NoProtocol) << line;
  }
  EXPECT_EQ(malformed("HELLO three"), "the protocol version must be 2 or 3, not \"three\"");
  malformed("HELLO AUTH default p4ss");
}

TEST(ParseConnectionTest, hello_says_what_is_missing) {
  EXPECT_TRUE(malformed("HELLO 3 AUTH").starts_with("AUTH needs a value"));
  EXPECT_TRUE(malformed("HELLO 3 AUTH default").starts_with("AUTH's password is missing"));
  malformed("HELLO 3 AUTH '' p4ss");
  malformed("HELLO 3 SETNAME");
}

TEST(ParseConnectionTest, no_sentence_repeats_a_password) {
  const std::string sentence = malformed("HELLO 3 AUTH default p4ss SETNAME");
  EXPECT_EQ(sentence.find("p4ss"), std::string::npos) << sentence;
}

TEST(ParseConnectionTest, ping_may_bear_a_message) {
  EXPECT_EQ(parsed<Ping>("PING").message, std::nullopt);
  EXPECT_EQ(parsed<Ping>("PING hi").message, "hi");
  EXPECT_EQ(parsed<Ping>("PING ''").message, "");
  EXPECT_EQ(parsed<Ping>("PING SESSION").message, "SESSION");
  EXPECT_EQ(parsed<Ping>("PING SESSION 5 s").message, std::nullopt);
  EXPECT_EQ(envelope_of("PING hi SESSION 5 s").session, 5U);
}

TEST(ParseConnectionTest, quit_is_understood) { parsed<Quit>("quit"); }

TEST(ParseConnectionTest, client_commands_have_two_words) {
  parsed<ClientId>("CLIENT ID");
  parsed<ClientGetName>("client getname");
  EXPECT_EQ(parsed<ClientSetName>("Client SetName app").name, "app");
  EXPECT_EQ(parsed<ClientSetName>("CLIENT SETNAME ''").name, "");
  over_limit({"CLIENT", "SETNAME", bytes(513)});
  over_limit({"HELLO", "3", "SETNAME", bytes(513)});
  EXPECT_TRUE(parse_words({"CLIENT", "SETNAME", bytes(512)}));
}

TEST(ParseConnectionTest, client_libraries_tell_their_name_and_version) {
  using Attribute = ClientSetInfo::Attribute;
  EXPECT_EQ(parsed<ClientSetInfo>("CLIENT SETINFO LIB-NAME redis-py"),
            (ClientSetInfo{Attribute::LibraryName, "redis-py"}));
  EXPECT_EQ(parsed<ClientSetInfo>("client setinfo lib-ver 8.0"),
            (ClientSetInfo{Attribute::LibraryVersion, "8.0"}));
  EXPECT_EQ(malformed("CLIENT SETINFO LIB-AGE 3"),
            "the attribute must be LIB-NAME or LIB-VER, not \"LIB-AGE\"");
  over_limit({"CLIENT", "SETINFO", "LIB-VER", bytes(513)});
}

TEST(ParseConnectionTest, the_index_is_on_or_off) {
  EXPECT_TRUE(parsed<ClientIndex>("CLIENT INDEX on").on);
  EXPECT_FALSE(parsed<ClientIndex>("CLIENT INDEX OFF").on);
  EXPECT_EQ(malformed("CLIENT INDEX yes"), "CLIENT INDEX must be OFF or ON, not \"yes\"");
}

TEST(ParseConnectionTest, info_takes_any_sections) {
  EXPECT_EQ(parsed<ServerInfo>("INFO").sections, Names{});
  EXPECT_EQ(parsed<ServerInfo>("INFO Server clients").sections, (Names{"Server", "clients"}));
  EXPECT_EQ(parsed<ServerInfo>("INFO server SESSION 5 s").sections, Names{"server"});
}

TEST(ParseConnectionTest, command_and_its_subcommands) {
  EXPECT_EQ(parsed<CommandInfo>("COMMAND").names, Names{});
  EXPECT_EQ(parsed<CommandInfo>("COMMAND SESSION 5 s").names, Names{});
  parsed<CommandList>("COMMAND LIST");
  parsed<CommandCount>("command count");
  EXPECT_EQ(parsed<CommandDocs>("COMMAND DOCS").names, Names{});
  EXPECT_EQ(parsed<CommandDocs>("COMMAND DOCS ping client|id").names, (Names{"ping", "client|id"}));
  EXPECT_EQ(parsed<CommandInfo>("COMMAND INFO nothing").names, Names{"nothing"});
}

}  // namespace
}  // namespace command
