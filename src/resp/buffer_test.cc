// The buffer keeps its bytes in order, and no more memory than it needs.
#include "resp/buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace resp {
namespace {

void add(Buffer& buffer, std::string_view bytes) {
  bytes.copy(buffer.prepare(bytes.size()).data(), bytes.size());
  buffer.commit(bytes.size());
}

TEST(BufferTest, bytes_come_out_as_they_went_in) {
  Buffer buffer;
  add(buffer, "hello ");
  add(buffer, "world");
  EXPECT_EQ(buffer.view(), "hello world");
  buffer.consume(6);
  EXPECT_EQ(buffer.view(), "world");
  EXPECT_EQ(buffer.size(), 5u);
}

TEST(BufferTest, the_front_is_closed_up_before_the_buffer_grows) {
  Buffer buffer;
  add(buffer, std::string(90, 'a') + std::string(10, 'b'));
  buffer.consume(90);
  add(buffer, std::string(90, 'c'));
  EXPECT_EQ(buffer.capacity(), 100u);
  EXPECT_EQ(buffer.view(), std::string(10, 'b') + std::string(90, 'c'));
}

TEST(BufferTest, only_what_was_committed_counts) {
  Buffer buffer;
  EXPECT_GE(buffer.prepare(100).size(), 100u);
  EXPECT_TRUE(buffer.empty());
}

TEST(BufferTest, an_empty_buffer_keeps_little) {
  Buffer buffer;
  add(buffer, std::string(Buffer::kKeptBytesMax + 1, 'x'));
  buffer.consume(buffer.size());
  buffer.prepare(10);
  EXPECT_LE(buffer.capacity(), Buffer::kKeptBytesMax);
}

TEST(BufferTest, trim_frees_an_empty_buffer_only) {
  Buffer buffer;
  add(buffer, "x");
  buffer.trim();
  EXPECT_EQ(buffer.view(), "x");
  buffer.consume(1);
  buffer.trim();
  EXPECT_EQ(buffer.capacity(), 0u);
}

TEST(BufferDeathTest, more_than_there_is_cannot_be_taken_or_added) {
  Buffer buffer;
  EXPECT_DEATH(buffer.consume(1), "CHECK failed");
  EXPECT_DEATH(buffer.commit(1), "CHECK failed");
}

}  // namespace
}  // namespace resp
