// A string of eight bytes, for what is kept a million times and mostly short or empty.
//
// Up to seven bytes stand in it. A longer text is a block of its own, which begins
// with its size. It is assigned whole: to change a text is the business of std::string.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace base {

/// The order of their bytes, as of two std::string_views, for names, which are short and differ
/// late: trees of them spend their time here, where a call of memcmp() is longer than its work.
inline std::strong_ordering order_of(std::string_view a, std::string_view b) {
  const auto word_at = [](const char* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return __builtin_bswap64(word);  // its order is that of the bytes
  };
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  const std::size_t common = std::min(a.size(), b.size());
  if (common < kWord) {
    const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
    return order != 0 ? order <=> 0 : a.size() <=> b.size();
  }
  const std::size_t last = common - kWord;  // the last word may overlap the one before
  for (std::size_t at = 0;; at = std::min(at + kWord, last)) {
    const std::uint64_t left = word_at(a.data() + at);
    const std::uint64_t right = word_at(b.data() + at);
    if (left != right) return left <=> right;
    if (at == last) return a.size() <=> b.size();
  }
}

class Text {
 public:
  Text() = default;
  /// Fewer than 2^32 bytes. Implicit, as that of std::string_view is.
  Text(std::string_view text) { keep(text); }                      // NOLINT
  Text(const std::string& text) : Text(std::string_view(text)) {}  // NOLINT
  Text(const char* text) : Text(std::string_view(text)) {}         // NOLINT
  Text(const Text& other) : Text(other.view()) {}
  Text(Text&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  Text& operator=(const Text& other) {
    if (this != &other) *this = Text(other);
    return *this;
  }
  Text& operator=(Text&& other) noexcept {
    std::swap(word_, other.word_);
    return *this;
  }
  ~Text() {
    if (is_outside()) delete[] block();
  }

  /// Valid until the text is moved, assigned or destroyed.
  std::string_view view() const {
    if (!is_outside()) return {inside() + 1, (word_ & 0xffU) >> 1U};
    std::uint32_t size = 0;
    std::memcpy(&size, block(), sizeof size);
    return {block() + sizeof size, size};
  }
  operator std::string_view() const { return view(); }  // NOLINT
  std::string str() const { return std::string(view()); }
  bool empty() const { return word_ == 0; }
  std::size_t size() const { return view().size(); }
  void clear() { *this = Text(); }

  friend bool operator==(const Text& a, const Text& b) {
    // Two that are alike and short are the same word.
    return a.word_ == b.word_ || (a.is_outside() && b.is_outside() && a.view() == b.view());
  }
  friend bool operator==(const Text& a, std::string_view b) { return a.view() == b; }
  friend bool operator==(const Text& a, const std::string& b) { return a.view() == b; }
  friend bool operator==(const Text& a, const char* b) { return a.view() == b; }
  friend auto operator<=>(const Text& a, const Text& b) { return order_of(a.view(), b.view()); }
  friend auto operator<=>(const Text& a, std::string_view b) { return order_of(a.view(), b); }
  friend auto operator<=>(const Text& a, const std::string& b) {
    return order_of(a.view(), std::string_view(b));
  }
  template <class H>
  friend H AbslHashValue(H h, const Text& text) {
    return H::combine(std::move(h), text.view());
  }

 private:
  static constexpr std::size_t kInsideMax = 7;

  // Of a short text the lowest byte is 2 x size + 1 and the others are its bytes; of a long one the
  // word is its block's address, which is even; of none it is 0. On a little-endian machine the
  // lowest byte is the first.
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ &&
                sizeof(char*) == sizeof(std::uint64_t));

  bool is_outside() const { return (word_ & 1U) == 0 && word_ != 0; }
  const char* inside() const { return reinterpret_cast<const char*>(&word_); }
  char* block() const { return reinterpret_cast<char*>(word_); }  // NOLINT

  void keep(std::string_view text) {
    if (text.empty()) return;
    if (text.size() <= kInsideMax) {
      char bytes[sizeof word_] = {static_cast<char>(2 * text.size() + 1)};
      std::memcpy(bytes + 1, text.data(), text.size());
      std::memcpy(&word_, bytes, sizeof word_);
      return;
    }
    const auto size = static_cast<std::uint32_t>(text.size());
    CHECK_EQ(text.size(), size);
    char* const block = new char[sizeof size + text.size()];
    std::memcpy(block, &size, sizeof size);
    std::memcpy(block + sizeof size, text.data(), text.size());
    word_ = reinterpret_cast<std::uint64_t>(block);
  }

  std::uint64_t word_ = 0;
};

}  // namespace base

template <>
struct fmt::formatter<base::Text> : fmt::formatter<std::string_view> {
  auto format(const base::Text& text, fmt::format_context& context) const {
    return fmt::formatter<std::string_view>::format(text.view(), context);
  }
};
