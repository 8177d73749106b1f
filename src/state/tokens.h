// The tokens under a key: mostly one, which stands inside; several, of those who
// share it or have permits, are an array of their own. Twelve bytes, so that what
// is kept beside it fits into sixteen.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/check.h"

namespace state {

class Tokens {
 public:
  using value_type = std::uint64_t;
  using const_iterator = const std::uint64_t*;

  Tokens() {}  // NOLINT(modernize-use-equals-default): what stands behind it uses its padding
  Tokens(const Tokens& other) { *this = other; }
  Tokens(Tokens&& other) noexcept { swap(other); }
  Tokens& operator=(const Tokens& other) {
    if (this == &other) return *this;
    clear();
    if (other.size_ > 1) {
      many_ = new std::uint64_t[std::bit_ceil(other.size_)];
      std::copy(other.begin(), other.end(), many_);
    } else {
      one_ = other.one_;
    }
    size_ = other.size_;
    return *this;
  }
  Tokens& operator=(Tokens&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Tokens() { clear(); }

  // In rising order.
  const_iterator begin() const { return size_ > 1 ? many_ : &one_; }
  const_iterator end() const { return begin() + size_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::uint64_t front() const { return (*this)[0]; }
  std::uint64_t operator[](std::size_t i) const {
    CHECK_LT(i, size_);
    return begin()[i];
  }

  /// One that is not among them.
  void insert(std::uint64_t token) {
    const std::ptrdiff_t at = std::lower_bound(begin(), end(), token) - begin();
    CHECK(begin() + at == end() || begin()[at] != token);
    if (size_ == 0) {
      one_ = token;
      size_ = 1;
      return;
    }
    if (std::has_single_bit(size_)) move_to_array_of(2 * size_);
    std::copy_backward(many_ + at, many_ + size_, many_ + size_ + 1);
    many_[at] = token;
    ++size_;
  }

  /// One that is among them.
  void erase(std::uint64_t token) {
    const std::ptrdiff_t at = std::lower_bound(begin(), end(), token) - begin();
    CHECK(begin() + at != end() && begin()[at] == token);
    if (size_ > 1) std::copy(many_ + at + 1, many_ + size_, many_ + at);
    --size_;
    if (size_ == 1) {
      const std::uint64_t left = many_[0];
      delete[] many_;
      one_ = left;
    } else if (size_ > 1 && std::has_single_bit(size_)) {
      move_to_array_of(size_);
    }
  }

  void swap(Tokens& other) noexcept {
    std::swap(one_, other.one_);
    std::swap(size_, other.size_);
  }

 private:
  void clear() {
    if (size_ > 1) delete[] many_;
    size_ = 0;
  }

  void move_to_array_of(std::uint32_t places) {
    auto* const moved = new std::uint64_t[places];
    std::copy(begin(), end(), moved);
    if (size_ > 1) delete[] many_;
    many_ = moved;
  }

  union {
    std::uint64_t one_ = 0;
    std::uint64_t* many_;  ///< of more than one, as many places as the next power of two
  };
  std::uint32_t size_ = 0;
};

}  // namespace state
