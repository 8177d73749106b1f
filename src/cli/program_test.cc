// The command line is read, refused, and explained.
#include "cli/program.h"

#include <gtest/gtest.h>

#include "cli/signals.h"
#include "turnstile/error.h"

namespace cli {
namespace {

class ProgramTest : public testing::Test {
 protected:
  ProgramTest() {
    CLI::App& app = program_.add({.name = "lock", .summary = "", .usage = "", .examples = ""},
                                 [this] { return act(); });
    app.add_option("KEY", keys_);
    program_.keep_after_dashes(app);
    add_duration_option(app, "--wait", wait_, "");
    CLI::App& ls =
        program_.add({.name = "ls", .summary = "", .usage = "", .examples = ""}, [] { return 0; });
    ls.add_option("PREFIX", prefix_);
  }

  int act() {
    if (fails_) throw turnstile::Error(turnstile::ErrorCode::Busy, "BUSY somebody has it");
    return 42;
  }

  int run(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "turnstile");
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    const int status = program_.run(static_cast<int>(arguments.size()), arguments.data());
    stdout_ = testing::internal::GetCapturedStdout();
    stderr_ = testing::internal::GetCapturedStderr();
    return status;
  }

  Program program_{"1.2.3"};
  std::vector<std::string> keys_;
  std::string prefix_;
  std::optional<std::chrono::milliseconds> wait_;
  bool fails_ = false;
  std::string stdout_;
  std::string stderr_;
};

TEST_F(ProgramTest, an_action_decides_the_exit_status) {
  EXPECT_EQ(run({"lock", "a", "--wait", "2s"}), 42);
  EXPECT_EQ(keys_, std::vector<std::string>{"a"});
  EXPECT_EQ(wait_, std::chrono::seconds(2));
  EXPECT_FALSE(program_.after_dashes());
}

TEST_F(ProgramTest, what_stands_behind_the_dashes_is_kept_as_it_is) {
  EXPECT_EQ(run({"lock", "a", "--", "sh", "--help", "--", "x"}), 42);
  const std::vector<std::string> expected{"sh", "--help", "--", "x"};
  EXPECT_EQ(program_.after_dashes(), expected);
}

TEST_F(ProgramTest, other_subcommands_read_on_behind_the_dashes) {
  EXPECT_EQ(run({"ls", "--", "-x"}), 0);
  EXPECT_EQ(prefix_, "-x");
}

TEST_F(ProgramTest, an_unknown_subcommand_is_refused_with_a_suggestion) {
  EXPECT_EQ(run({"lokc"}), 64);
  EXPECT_EQ(stderr_,
            "turnstile: there is no 'turnstile lokc'; did you mean 'lock'?\n"
            "Try 'turnstile --help'.\n");
}

TEST_F(ProgramTest, a_wrong_option_is_refused_where_it_stands) {
  EXPECT_EQ(run({"lock", "--frob", "a"}), 64);
  EXPECT_TRUE(stderr_.ends_with("Try 'turnstile lock --help'.\n")) << stderr_;
}

TEST_F(ProgramTest, a_wrong_duration_says_what_is_wrong_about_it) {
  EXPECT_EQ(run({"lock", "a", "--wait", "10"}), 64);
  EXPECT_NE(stderr_.find("needs a unit"), std::string::npos) << stderr_;
}

TEST_F(ProgramTest, nothing_to_do_is_an_error) {
  EXPECT_EQ(run({}), 64);
  EXPECT_NE(stderr_.find("lock"), std::string::npos);
}

TEST_F(ProgramTest, an_error_of_the_library_has_its_own_status) {
  fails_ = true;
  EXPECT_EQ(run({"lock", "a"}), 75);
  EXPECT_EQ(stderr_, "turnstile: BUSY somebody has it\n");
}

TEST_F(ProgramTest, help_and_version_go_to_the_standard_output) {
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_EQ(stdout_, "turnstile 1.2.3\n");
  EXPECT_EQ(run({"lock", "--help"}), 0);
  EXPECT_NE(stdout_.find("Usage: turnstile lock"), std::string::npos) << stdout_;
  EXPECT_NE(stdout_.find("76  the lock or the task was lost"), std::string::npos) << stdout_;
}

TEST(SignalTest, is_named_with_and_without_its_prefix_or_by_number) {
  EXPECT_EQ(parse_signal("TERM"), SIGTERM);
  EXPECT_EQ(parse_signal("SIGUSR1"), SIGUSR1);
  EXPECT_EQ(parse_signal("2"), SIGINT);
  EXPECT_FALSE(parse_signal("NOPE"));
  EXPECT_FALSE(parse_signal("0"));
  EXPECT_FALSE(parse_signal("15x"));
  EXPECT_EQ(signal_text(SIGTERM), "SIGTERM");
}

}  // namespace
}  // namespace cli
