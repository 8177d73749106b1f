// Slots are those that clients of Redis Cluster compute.
#include "server/cluster/slot.h"

#include <gtest/gtest.h>

namespace server {
namespace {

TEST(SlotTest, is_the_crc16_of_the_name) {
  EXPECT_EQ(slot_of("123456789"), 0x31c3 % kSlotCount);
  EXPECT_EQ(slot_of("foo"), 12182);
  EXPECT_EQ(slot_of(""), 0);
}

TEST(SlotTest, is_that_of_the_first_tag_that_is_not_empty) {
  EXPECT_EQ(slot_of("{user1000}.following"), slot_of("user1000"));
  EXPECT_EQ(slot_of("foo{bar}{zap}"), slot_of("bar"));
  EXPECT_EQ(slot_of("foo{{bar}}zap"), slot_of("{bar"));
  EXPECT_NE(slot_of("foo{}{bar}"), slot_of("bar"));
  EXPECT_NE(slot_of("foo{bar"), slot_of("bar"));
}

}  // namespace
}  // namespace server
