// docs/protocol.md says what the tables say.
#include "command/protocol_docs.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "command/table.h"

namespace command {
namespace {

std::string page_path() {
  const char* source = std::getenv("TURNSTILE_SOURCE");
  return std::string(source == nullptr ? "." : source) + "/docs/protocol.md";
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(ProtocolDocsTest, every_command_and_option_is_there) {
  const std::string page = protocol_docs();
  for (const CommandSpec& spec : table()) {
    EXPECT_NE(page.find(spec.syntax), std::string::npos) << spec.name;
  }
  for (std::size_t i = 0; i < kOptionCount; ++i) {
    const auto word = option_word(static_cast<Option>(i));
    EXPECT_NE(page.find("| `" + std::string(word) + "` |"), std::string::npos) << word;
  }
}

TEST(ProtocolDocsTest, the_page_in_the_tree_is_up_to_date) {
  if (std::getenv("TURNSTILE_REWRITE_DOCS") != nullptr) {
    std::ofstream(page_path(), std::ios::binary) << protocol_docs();
  }
  EXPECT_TRUE(read_file(page_path()) == protocol_docs())
      << page_path() << " is out of date; renew it with\n"
      << "TURNSTILE_REWRITE_DOCS=1 ./dev test debug -R ProtocolDocs";
}

}  // namespace
}  // namespace command
