// What COMMAND writes is kept whole or counted, and its last words are found.
#include "cli/capture.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace cli {
namespace {

std::string last_line_of(std::initializer_list<std::string_view> pieces,
                         std::size_t bytes_max = 100) {
  LastLine line(bytes_max);
  for (const std::string_view piece : pieces) line.add(piece);
  return line.text();
}

TEST(LastLineTest, is_the_last_that_says_something) {
  EXPECT_EQ(last_line_of({}), "");
  EXPECT_EQ(last_line_of({"one\ntwo\n"}), "two");
  EXPECT_EQ(last_line_of({"one\ntwo"}), "two");
  EXPECT_EQ(last_line_of({"one\n\n  \n"}), "one");
  EXPECT_EQ(last_line_of({"  one \r\n"}), "one");
}

TEST(LastLineTest, pieces_may_end_anywhere) {
  EXPECT_EQ(last_line_of({"o", "ne\nt", "wo\n"}), "two");
  EXPECT_EQ(last_line_of({"one\n", "two", "\n", "\n"}), "two");
}

TEST(LastLineTest, a_long_line_is_cut) {
  EXPECT_EQ(last_line_of({"abcdef"}, 3), "abc");
  EXPECT_EQ(last_line_of({"abcdef\n"}, 3), "abc");
  EXPECT_EQ(last_line_of({"ab", "cdef\n"}, 3), "abc");
}

void write_to(int file, std::string_view text) {
  ASSERT_EQ(::write(file, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

TEST(CaptureTest, keeps_so_much_of_the_output_and_counts_the_rest) {
  Capture capture(4, 10);
  write_to(capture.output_to_give(), "abc");
  capture.read_output();
  EXPECT_EQ(capture.output(), "abc");
  write_to(capture.output_to_give(), "defg");
  capture.read_rest();
  EXPECT_EQ(capture.output(), "abcd");
  EXPECT_EQ(capture.output_size(), 7U);
}

TEST(CaptureTest, a_pipe_that_nobody_writes_to_any_more_is_closed) {
  Capture capture(4, 10);
  EXPECT_GE(capture.output_fd(), 0);
  capture.read_rest();  // nothing yet, but there is somebody who could write
  EXPECT_GE(capture.output_fd(), 0);
  capture.close_given();
  capture.read_rest();
  EXPECT_EQ(capture.output_fd(), -1);
  EXPECT_EQ(capture.errors_fd(), -1);
}

TEST(CaptureTest, the_last_words_are_those_of_the_standard_error) {
  Capture capture(100, 100);
  testing::internal::CaptureStderr();
  write_to(capture.errors_to_give(), "one\ndeclined\n");
  write_to(capture.output_to_give(), "result\n");
  capture.read_rest();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "one\ndeclined\n");
  EXPECT_EQ(capture.last_error_line(), "declined");
}

}  // namespace
}  // namespace cli
