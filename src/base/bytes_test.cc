// What ByteWriter writes, ByteReader reads; hostile bytes only make it fail.
#include "base/bytes.h"

#include <gtest/gtest.h>

namespace {

struct Sample {
  std::uint32_t number = 0;
  std::string text;
  std::vector<std::uint64_t> items;
  std::optional<std::string> maybe;
  bool flag = false;
  base::Duration length;
};

template <class Archive>
void fields(Archive& archive, Sample& s) {
  archive(s.number, s.text, s.items, s.maybe, s.flag, s.length);
}

std::string encoded_sample() {
  std::string bytes;
  base::ByteWriter writer(bytes);
  writer(Sample{7, "acct/1", {1, 2, 3}, "note", true, base::Duration::from_ms(5)});
  return bytes;
}

TEST(BytesTest, what_is_written_is_read_back) {
  const std::string bytes = encoded_sample();
  Sample sample;
  base::ByteReader reader(bytes);
  reader(sample);
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(sample.text, "acct/1");
  EXPECT_EQ(sample.items, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(sample.maybe, "note");
  EXPECT_EQ(sample.length, base::Duration::from_ms(5));
}

TEST(BytesTest, every_cut_is_noticed) {
  const std::string bytes = encoded_sample();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Sample sample;
    base::ByteReader reader(std::string_view(bytes).substr(0, size));
    reader(sample);
    EXPECT_FALSE(reader.ok()) << size;
  }
}

TEST(BytesTest, a_count_beyond_the_bytes_allocates_nothing) {
  const std::string bytes = "\xff\xff\xff\xff";
  std::vector<std::uint64_t> items;
  base::ByteReader reader(bytes);
  reader(items);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(items.capacity(), 0U);
}

TEST(BytesTest, a_bool_is_zero_or_one) {
  bool flag = false;
  base::ByteReader reader(std::string_view("\x02", 1));
  reader(flag);
  EXPECT_FALSE(reader.ok());
}

}  // namespace
