// What is kept, and when nothing is.
#include "base/seldom.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace base {
namespace {

struct Terms {
  std::string note;
  int permits = 1;
  bool operator==(const Terms&) const = default;
};

TEST(Seldom, IsAsUsualUntilItIsChanged) {
  const Seldom<Terms> terms;
  EXPECT_EQ(*terms, Terms());
  EXPECT_FALSE(terms.is_kept());
}

TEST(Seldom, KeepsWhatDiffersAndForgetsItAgain) {
  Seldom<Terms> terms;
  terms.set(&Terms::permits, 1);
  EXPECT_FALSE(terms.is_kept());
  terms.set(&Terms::permits, 3);
  terms.set(&Terms::note, {"salaries"});
  EXPECT_EQ(*terms, (Terms{"salaries", 3}));
  terms.set(&Terms::note, {});
  EXPECT_TRUE(terms.is_kept());
  EXPECT_EQ(terms->permits, 3);
  terms.set(&Terms::permits, 1);
  EXPECT_FALSE(terms.is_kept());
  EXPECT_EQ(*terms, Terms());
}

TEST(Seldom, IsMadeFromAWhole) {
  EXPECT_FALSE(Seldom<Terms>(Terms()).is_kept());
  EXPECT_EQ(Seldom<Terms>(Terms{"x", 1})->note, "x");
}

TEST(Seldom, IsCopiedWhole) {
  Seldom<Terms> terms(Terms{"x", 2});
  Seldom<Terms> copy = terms;
  copy.set(&Terms::note, {"y"});
  EXPECT_EQ(terms->note, "x");
  EXPECT_EQ(copy->note, "y");
  copy = Seldom<Terms>();
  EXPECT_EQ(*copy, Terms());
  const Seldom<Terms> moved = std::move(terms);
  EXPECT_EQ(*moved, (Terms{"x", 2}));
}

}  // namespace
}  // namespace base
