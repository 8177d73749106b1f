// Every row of the table is whole, can be found, and says what its parse
// function does.
#include "command/table.h"

#include <map>
#include <set>

#include "command/parse_testing.h"

namespace command {
namespace {

/// The shortest request of every command.
const std::map<std::string_view, std::string_view> kMinimal = {
    {"SESSION.OPEN", "SESSION.OPEN"},
    {"SESSION.ATTACH", "SESSION.ATTACH 1 s"},
    {"SESSION.KEEPALIVE", "SESSION.KEEPALIVE"},
    {"SESSION.CLOSE", "SESSION.CLOSE"},
    {"SESSION.INFO", "SESSION.INFO"},
    {"SESSION.LIST", "SESSION.LIST"},
    {"LOCK.ACQUIRE", "LOCK.ACQUIRE k"},
    {"LOCK.RELEASE", "LOCK.RELEASE k 1"},
    {"LOCK.RENEW", "LOCK.RENEW k 1 LEASE 1"},
    {"LOCK.CHECK", "LOCK.CHECK k 1"},
    {"LOCK.INFO", "LOCK.INFO k"},
    {"LOCK.LIST", "LOCK.LIST"},
    {"LOCK.UPGRADE", "LOCK.UPGRADE k 1"},
    {"LOCK.DOWNGRADE", "LOCK.DOWNGRADE k 1"},
    {"LOCK.RESOLVE", "LOCK.RESOLVE k"},
    {"LOCK.REVOKE", "LOCK.REVOKE k"},
    {"SEM.ACQUIRE", "SEM.ACQUIRE s"},
    {"SEM.RELEASE", "SEM.RELEASE s 1"},
    {"SEM.RENEW", "SEM.RENEW s 1 LEASE 1"},
    {"SEM.INFO", "SEM.INFO s"},
    {"SEM.RESIZE", "SEM.RESIZE s 1"},
    {"ELECTION.CAMPAIGN", "ELECTION.CAMPAIGN e v"},
    {"ELECTION.PROCLAIM", "ELECTION.PROCLAIM e 1 v"},
    {"ELECTION.RESIGN", "ELECTION.RESIGN e 1"},
    {"ELECTION.LEADER", "ELECTION.LEADER e"},
    {"ELECTION.OBSERVE", "ELECTION.OBSERVE e"},
    {"TASK.ADD", "TASK.ADD f t"},
    {"TASK.JOIN", "TASK.JOIN f t"},
    {"TASK.TAKE", "TASK.TAKE 1 t"},
    {"TASK.COMPLETE", "TASK.COMPLETE f t 1 r"},
    {"TASK.FAIL", "TASK.FAIL f t 1 why"},
    {"TASK.RELEASE", "TASK.RELEASE f t 1"},
    {"TASK.EXTEND", "TASK.EXTEND f t 1 5"},
    {"TASK.RESULT", "TASK.RESULT f t"},
    {"TASK.CANCEL", "TASK.CANCEL f t"},
    {"TASK.REDRIVE", "TASK.REDRIVE f t"},
    {"TASK.WHY", "TASK.WHY f t"},
    {"FLOW.INFO", "FLOW.INFO f"},
    {"FLOW.LIST", "FLOW.LIST"},
    {"FLOW.CANCEL", "FLOW.CANCEL f"},
    {"FLOW.CLOSE", "FLOW.CLOSE f"},
    {"EVENT.SET", "EVENT.SET e"},
    {"EVENT.RESET", "EVENT.RESET e"},
    {"EVENT.WAIT", "EVENT.WAIT e"},
    {"EVENT.INFO", "EVENT.INFO e"},
    {"BARRIER.ARRIVE", "BARRIER.ARRIVE b PARTIES 2"},
    {"BARRIER.INFO", "BARRIER.INFO b"},
    {"LATCH.SET", "LATCH.SET l 2"},
    {"LATCH.COUNTDOWN", "LATCH.COUNTDOWN l"},
    {"LATCH.WAIT", "LATCH.WAIT l"},
    {"LATCH.INFO", "LATCH.INFO l"},
    {"CANCEL", "CANCEL t"},
    {"HELLO", "HELLO"},
    {"PING", "PING"},
    {"QUIT", "QUIT"},
    {"CLIENT ID", "CLIENT ID"},
    {"CLIENT SETNAME", "CLIENT SETNAME n"},
    {"CLIENT GETNAME", "CLIENT GETNAME"},
    {"CLIENT SETINFO", "CLIENT SETINFO LIB-VER 1"},
    {"CLIENT INDEX", "CLIENT INDEX ON"},
    {"INFO", "INFO"},
    {"COMMAND", "COMMAND"},
    {"COMMAND LIST", "COMMAND LIST"},
    {"COMMAND COUNT", "COMMAND COUNT"},
    {"COMMAND DOCS", "COMMAND DOCS"},
    {"COMMAND INFO", "COMMAND INFO"},
    {"CLUSTER SLOTS", "CLUSTER SLOTS"},
    {"CLUSTER SHARDS", "CLUSTER SHARDS"},
    {"CLUSTER MYID", "CLUSTER MYID"},
    {"CLUSTER INFO", "CLUSTER INFO"},
    {"CLUSTER EPOCH", "CLUSTER EPOCH"},
};

TEST(TableTest, every_command_has_an_example_here) {
  EXPECT_EQ(table().size(), kMinimal.size());
  for (const CommandSpec& spec : table()) EXPECT_TRUE(kMinimal.contains(spec.name)) << spec.name;
}

TEST(TableTest, every_row_is_whole) {
  std::set<std::string_view> names;
  for (const CommandSpec& spec : table()) {
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
    EXPECT_TRUE(spec.syntax == spec.name || spec.syntax.starts_with(std::string(spec.name) + " "))
        << spec.syntax;
    EXPECT_TRUE(spec.summary.ends_with('.')) << spec.name;
    EXPECT_FALSE(spec.reply.empty()) << spec.name;
    EXPECT_NE(spec.parse, nullptr) << spec.name;
    EXPECT_LE(spec.min_args, spec.max_args) << spec.name;
    EXPECT_FALSE(group_name(spec.group).empty()) << spec.name;
  }
}

/// Words of a syntax line that stand behind an option and are none of their own there.
constexpr std::string_view kParts[] = {"|DELAY ms|", "[MAX ms]"};

/// The words of a syntax line after the command's name, without brackets and dots.
std::set<std::string> syntax_words(const CommandSpec& spec) {
  std::string arguments(spec.syntax.substr(spec.name.size()));
  for (const std::string_view part : kParts) {
    const std::size_t at = arguments.find(part);
    if (at != std::string::npos) arguments.replace(at, part.size(), " ");
  }
  for (char& c : arguments) {
    if (std::string_view("[]|.").contains(c)) c = ' ';
  }
  const auto list = words(arguments);
  return {list.begin(), list.end()};
}

TEST(TableTest, a_syntax_line_names_exactly_the_options_that_are_taken) {
  for (const CommandSpec& spec : table()) {
    const auto named = syntax_words(spec);
    for (std::size_t i = 0; i < kOptionCount; ++i) {
      const auto option = static_cast<Option>(i);
      if (option == Option::Session) continue;  // goes without saying
      EXPECT_EQ(named.contains(std::string(option_word(option))), spec.options.contains(option))
          << spec.syntax << ": " << option_word(option);
    }
  }
}

TEST(TableTest, every_changing_command_takes_request_and_every_waiting_one_async) {
  for (const CommandSpec& spec : table()) {
    const bool names_a_session = spec.name == "SESSION.OPEN" || spec.name == "SESSION.ATTACH";
    EXPECT_EQ(spec.options.contains(Option::Request), spec.changes && !names_a_session)
        << spec.name;
    EXPECT_EQ(spec.options.contains(Option::Session), !names_a_session) << spec.name;
    EXPECT_EQ(spec.options.contains(Option::Async), spec.waits) << spec.name;
    EXPECT_EQ(spec.options.contains(Option::Wait), spec.waits) << spec.name;
  }
}

TEST(TableTest, every_command_accepts_its_shortest_request) {
  for (const CommandSpec& spec : table()) {
    const std::string_view line = kMinimal.at(spec.name);
    const auto request = parse_line(line);
    EXPECT_TRUE(request) << line << ": " << (request ? "" : request.error().sentence);
    EXPECT_EQ(words(line).size(), spec.word_count() + spec.min_args) << line;
  }
}

TEST(TableTest, every_command_refuses_an_argument_too_few) {
  for (const CommandSpec& spec : table()) {
    if (spec.min_args == 0) continue;
    auto request = words(kMinimal.at(spec.name));
    request.pop_back();
    EXPECT_TRUE(refusal(request).sentence.starts_with("wrong number of arguments")) << spec.name;
  }
}

TEST(TableTest, every_command_refuses_arguments_too_many) {
  for (const CommandSpec& spec : table()) {
    if (spec.max_args == CommandSpec::kMany) continue;
    auto request = words(kMinimal.at(spec.name));
    request.insert(request.end(), spec.max_args + 8, "0");
    // What follows COMMAND is a subcommand, known or not.
    const char* sentence = spec.name == "COMMAND" ? "unknown subcommand" : "wrong number";
    EXPECT_TRUE(refusal(request).sentence.starts_with(sentence)) << spec.name;
  }
}

/// Those whose next word may be anything; for the last three it is a payload that stands by itself.
const std::set<std::string_view> kOptionalArguments = {"PING", "SESSION.INFO", "TASK.RELEASE",
                                                       "EVENT.SET", "BARRIER.ARRIVE"};

TEST(TableTest, every_command_that_takes_options_refuses_unknown_ones) {
  for (const CommandSpec& spec : table()) {
    const bool free = spec.max_args == CommandSpec::kMany && spec.group == Group::Server;
    if (free) continue;
    auto request = words(kMinimal.at(spec.name));
    request.insert(request.end(), kOptionalArguments.contains(spec.name) ? 1 : 0, "1");
    if (spec.name == "HELLO") request.emplace_back("3");
    request.emplace_back("NONSENSE");
    EXPECT_EQ(refusal(request).code, Code::Malformed) << spec.name;
  }
}

TEST(TableTest, every_command_takes_the_session_clause_but_those_that_name_one) {
  for (const CommandSpec& spec : table()) {
    auto request = words(kMinimal.at(spec.name));
    request.insert(request.end(), {"session", "42", "hush"});
    const auto parsed = parse_words(request);
    ASSERT_EQ(parsed.has_value(), spec.options.contains(Option::Session)) << spec.name;
    const Envelope expected{.session = 42, .secret = "hush"};
    EXPECT_TRUE(!parsed || parsed->envelope == expected) << spec.name;
  }
}

TEST(TableTest, every_name_is_found_in_any_case) {
  for (const CommandSpec& spec : table()) {
    EXPECT_EQ(find_name(spec.name), &spec) << spec.name;
    EXPECT_EQ(find_name(redis_name(spec)), &spec) << spec.name;
    const auto request = words(kMinimal.at(spec.name));
    EXPECT_EQ(find(std::vector<std::string_view>(request.begin(), request.end())), &spec);
  }
}

TEST(TableTest, a_name_that_is_nearly_one_is_not_found) {
  for (const CommandSpec& spec : table()) {
    const std::string name(spec.name);
    EXPECT_EQ(find_name(name + "X"), nullptr);
    EXPECT_EQ(find_name("X" + name), nullptr);
    EXPECT_EQ(find_name(name + std::string(1, '\0')), nullptr);
    EXPECT_EQ(find_name(name + " "), nullptr);
    EXPECT_EQ(find_name(name + " X"), nullptr);
  }
  EXPECT_EQ(find_name(""), nullptr);
  EXPECT_EQ(find_name("|"), nullptr);
  EXPECT_EQ(find_name("CLIENT"), nullptr);
}

TEST(TableTest, a_command_of_two_words_needs_both_as_words_of_their_own) {
  const std::string_view joined[] = {"CLIENT ID"};
  EXPECT_EQ(find(joined), nullptr);
  const std::string_view separate[] = {"client", "id"};
  ASSERT_NE(find(separate), nullptr);
  EXPECT_EQ(find(separate)->name, "CLIENT ID");
  EXPECT_EQ(find({}), nullptr);
}

TEST(TableTest, redis_names_are_lower_case_with_a_bar) {
  EXPECT_EQ(redis_name(*find_name("LOCK.ACQUIRE")), "lock.acquire");
  EXPECT_EQ(redis_name(*find_name("client setname")), "client|setname");
}

}  // namespace
}  // namespace command
