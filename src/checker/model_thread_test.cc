// Order, waiting and ending.
#include "checker/model_thread.h"

#include <gtest/gtest.h>

#include <vector>

namespace checker {
namespace {

TEST(ModelThread, DoesAllInTheOrderOfAsking) {
  constexpr int kCount = 100'000;  // more than may wait, so that the asker is held up
  ModelThread thread;
  std::vector<int> done;
  for (int i = 0; i < kCount; ++i) thread.ask([&done, i] { done.push_back(i); });
  thread.drain();
  ASSERT_EQ(done.size(), static_cast<std::size_t>(kCount));
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(ModelThread, IsDrainedMoreThanOnce) {
  ModelThread thread;
  int done = 0;
  thread.drain();
  for (int round = 1; round <= 3; ++round) {
    thread.ask([&done] { ++done; });
    thread.drain();
    EXPECT_EQ(done, round);
  }
}

TEST(ModelThread, EndsWithWorkThatHasNotBegun) {
  int done = 0;
  {
    ModelThread thread;
    thread.ask([&done] { ++done; });
  }
  EXPECT_EQ(done, 0);
}

}  // namespace
}  // namespace checker
