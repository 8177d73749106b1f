// Runs every transcript of test/scenario in both worlds: straight into the
// machine, and through the wire. What is heard must be what the file says.
//
// TURNSTILE_REWRITE_SCENARIOS=1 writes what the machine says into the files
// instead; `./dev scenario --rewrite` sets it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "scenario_script.h"

namespace scenario {
namespace {

namespace fs = std::filesystem;

fs::path folder() {
  const char* source = std::getenv("TURNSTILE_SOURCE");
  const fs::path root = source != nullptr ? source : TURNSTILE_SOURCE_DIR;
  return (root / "test" / "scenario").lexically_normal();
}

std::vector<std::string> names() {
  std::vector<std::string> found;
  if (!fs::is_directory(folder())) return found;
  for (const auto& file : fs::directory_iterator(folder())) {
    if (file.path().extension() == ".txt") found.push_back(file.path().stem().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// Empty if they are equal; else all lines, with - before what was expected and did not come, and
/// + before what came instead.
std::string difference(const std::string& expected, const std::string& actual) {
  if (expected == actual) return "";
  std::istringstream old_lines(expected), new_lines(actual);
  std::string text, a, b;
  while (true) {
    const bool more_old = static_cast<bool>(std::getline(old_lines, a));
    const bool more_new = static_cast<bool>(std::getline(new_lines, b));
    if (!more_old && !more_new) return "\n" + text;
    if (more_old && more_new && a == b) {
      text += "  " + a + "\n";
      continue;
    }
    if (more_old) text += "- " + a + "\n";
    if (more_new) text += "+ " + b + "\n";
  }
}

class ScenarioTest : public testing::TestWithParam<std::string> {
 protected:
  static bool is_rewriting() { return std::getenv("TURNSTILE_REWRITE_SCENARIOS") != nullptr; }
  fs::path path() const { return folder() / (GetParam() + ".txt"); }
  std::string said_by_the_machine() const {
    const std::unique_ptr<World> world = make_machine_world();
    return text_of(run(parse(read(path())), *world));
  }
};

TEST_P(ScenarioTest, straight_into_the_machine) {
  const std::string said = said_by_the_machine();
  if (is_rewriting()) std::ofstream(path()) << said;
  EXPECT_EQ(difference(read(path()), said), "") << path();
}

TEST_P(ScenarioTest, through_the_wire) {
  const std::string expected = is_rewriting() ? said_by_the_machine() : read(path());
  const std::unique_ptr<World> world = make_wire_world();
  EXPECT_EQ(difference(expected, text_of(run(parse(expected), *world))), "") << path();
}

INSTANTIATE_TEST_SUITE_P(Transcript, ScenarioTest, testing::ValuesIn(names()),
                         [](const auto& transcript) { return transcript.param; });

}  // namespace

TEST(ScenarioFolderTest, its_scenarios_are_found) { EXPECT_GE(names().size(), 25U) << folder(); }

}  // namespace scenario
