// Where the choices of a random walk come from: a seed, or a fuzzer's bytes.
#pragma once

#include <cstdint>
#include <string_view>

namespace state {

/// SplitMix64: a seed gives the same numbers everywhere.
class SeededChoices {
 public:
  explicit SeededChoices(std::uint64_t seed) : state_(seed) {}
  std::uint64_t operator()(std::uint64_t n) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % n;
  }
  bool is_over() const { return false; }

 private:
  std::uint64_t state_;
};

/// A byte a choice, and zeros when they are used up.
class ByteChoices {
 public:
  explicit ByteChoices(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t operator()(std::uint64_t n) {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte % n;
  }
  bool is_over() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

}  // namespace state
