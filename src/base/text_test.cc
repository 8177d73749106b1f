// Texts of every size around the eighth byte.
#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace base {
namespace {

std::string of_size(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i % 26);
  return text;
}

const std::vector<std::size_t> kSizes{0, 1, 6, 7, 8, 9, 255, 256, 70'000};

TEST(Text, HoldsWhatItIsGiven) {
  EXPECT_EQ(sizeof(Text), 8U);
  for (const std::size_t size : kSizes) {
    const std::string text = of_size(size);
    const Text kept = text;
    EXPECT_EQ(kept.view(), text);
    EXPECT_EQ(kept.str(), text);
    EXPECT_EQ(kept.size(), size);
    EXPECT_EQ(kept.empty(), size == 0);
  }
}

TEST(Text, HoldsAnyBytes) {
  for (const std::string& bytes :
       {std::string(7, '\0'), std::string(8, '\0'), std::string(7, '\xff'), std::string("\0a", 2),
        std::string("a\0", 2)}) {
    EXPECT_EQ(Text(bytes).view(), bytes);
  }
}

TEST(Text, IsCopiedAndMovedBetweenAllSizes) {
  for (const std::size_t from : kSizes) {
    for (const std::size_t to : kSizes) {
      Text a = of_size(from);
      Text b = of_size(to);
      const Text copy = a;
      a = b;
      EXPECT_EQ(a, of_size(to));
      EXPECT_EQ(b, of_size(to));
      b = std::move(a);
      EXPECT_EQ(b, of_size(to));
      EXPECT_EQ(copy, of_size(from));
      b.clear();
      EXPECT_TRUE(b.empty());
    }
  }
}

TEST(Text, StaysWhatItIsWhenItIsAssignedToItself) {
  Text text = of_size(20);
  const Text& same = text;
  text = same;
  EXPECT_EQ(text, of_size(20));
}

TEST(Text, ComparesAsItsBytesDo) {
  std::vector<std::string> texts;
  for (const std::size_t size : {0, 1, 6, 7, 8, 9}) {
    texts.push_back(of_size(size));
    texts.push_back(of_size(size) + '\0');
    texts.push_back(of_size(size) + "\xff");
  }
  for (const std::string& a : texts) {
    for (const std::string& b : texts) {
      EXPECT_EQ(Text(a) == Text(b), a == b);
      EXPECT_EQ(Text(a) == b, a == b);
      EXPECT_EQ(Text(a) < Text(b), a < b);
      EXPECT_EQ(Text(a) < b, a < b);
      EXPECT_EQ(a < Text(b), a < b);
    }
  }
}

TEST(Text, ComparesAsItsBytesDoWhereverTheyDiffer) {
  for (std::size_t size = 1; size <= 26; ++size) {
    const std::string text = of_size(size);
    for (std::size_t at = 0; at < size; ++at) {
      for (const char byte : {'\0', '\x7f', '\xff'}) {
        std::string other = text;
        other[at] = byte;
        for (const std::string& longer : {other, other + 'a', other.substr(0, at + 1)}) {
          EXPECT_EQ(Text(text) < Text(longer), text < longer) << longer;
          EXPECT_EQ(Text(longer) < Text(text), longer < text) << longer;
        }
      }
    }
  }
}

TEST(Text, IsStoredAsAStringIs) {
  for (const std::size_t size : kSizes) {
    std::string bytes;
    std::string expected;
    ByteWriter writer(bytes);
    ByteWriter other(expected);
    writer(Text(of_size(size)));
    other(of_size(size));
    EXPECT_EQ(bytes, expected);
    ByteReader reader(bytes);
    Text read = "something else that is longer";
    reader(read);
    EXPECT_TRUE(reader.ok() && reader.at_end());
    EXPECT_EQ(read, of_size(size));
  }
}

}  // namespace
}  // namespace base
