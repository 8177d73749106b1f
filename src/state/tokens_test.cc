// Against a set, through all sizes around powers of two.
#include "state/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <set>
#include <utility>

namespace state {
namespace {

using testing::ElementsAreArray;

TEST(TokensTest, are_kept_in_rising_order_however_they_come_and_go) {
  std::mt19937_64 random(1);
  Tokens tokens;
  std::set<std::uint64_t> expected;
  bool grows = true;
  for (int step = 0; step < 20'000; ++step) {
    if (expected.size() > 70) grows = false;
    if (expected.empty()) grows = true;
    const std::uint64_t token = random() % 100;
    const bool adds = random() % 4 != 0 ? grows : !grows;
    if (adds && expected.insert(token).second) tokens.insert(token);
    if (!adds && expected.erase(token) != 0) tokens.erase(token);
    ASSERT_THAT(tokens, ElementsAreArray(expected));
    ASSERT_EQ(tokens.empty(), expected.empty());
    if (!expected.empty()) {
      ASSERT_EQ(tokens.front(), *expected.begin());
    }
  }
}

TEST(TokensTest, are_copied_and_moved_whole) {
  for (const std::uint64_t count : {0, 1, 2, 3, 4, 5, 9}) {
    Tokens tokens;
    std::set<std::uint64_t> expected;
    for (std::uint64_t token = 1; token <= count; ++token) {
      tokens.insert(token);
      expected.insert(token);
    }
    Tokens copy = tokens;
    EXPECT_THAT(copy, ElementsAreArray(expected));
    copy.insert(100);
    EXPECT_THAT(tokens, ElementsAreArray(expected));
    copy = tokens;
    EXPECT_THAT(copy, ElementsAreArray(expected));
    const Tokens moved = std::move(copy);
    EXPECT_THAT(moved, ElementsAreArray(expected));
    Tokens other;
    other.insert(7);
    other.insert(8);
    other = std::move(tokens);
    EXPECT_THAT(other, ElementsAreArray(expected));
  }
}

}  // namespace
}  // namespace state
