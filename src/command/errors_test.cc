// The tables of errors and limits are whole.
#include "command/errors.h"

#include <gtest/gtest.h>

#include <set>

#include "command/limits.h"

namespace command {
namespace {

TEST(ErrorsTest, every_code_is_found_by_its_word){
#define TURNSTILE_EXPECT_FOUND(name, word, applied, text)    \
  EXPECT_EQ(error_info(Code::name).code, Code::name);        \
  EXPECT_EQ(error_info(Code::name).wire, word);              \
  EXPECT_EQ(error_info(Code::name).may_be_applied, applied); \
  EXPECT_EQ(error_info(Code::name).sentence, text);          \
  EXPECT_EQ(find_error(word), Code::name);
    TURNSTILE_ERRORS(TURNSTILE_EXPECT_FOUND)
#undef TURNSTILE_EXPECT_FOUND
}

TEST(ErrorsTest, an_unknown_word_is_no_code) {
  EXPECT_EQ(find_error("WRONGTYPE"), std::nullopt);
  EXPECT_EQ(find_error(""), std::nullopt);
  EXPECT_EQ(find_error("err"), std::nullopt);
}

TEST(LimitsTest, every_limit_has_a_name_a_sentence_and_a_positive_default) {
  Limits limits;
  std::set<std::string> names;
  for_each_limit(limits, [&](const char* name, const char* what, std::int64_t& value) {
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_STRNE(what, "") << name;
    EXPECT_GT(value, 0) << name;
  });
  EXPECT_EQ(names.size() * sizeof(std::int64_t), sizeof(Limits));
}

TEST(LimitsTest, a_limit_changes_by_visiting_it) {
  Limits limits;
  for_each_limit(limits, [](const char*, const char*, std::int64_t& value) { value = 7; });
  EXPECT_EQ(limits.name_bytes, 7);
  EXPECT_NE(limits, Limits{});
}

}  // namespace
}  // namespace command
