// Two hashes, for two purposes.
//
// `hash64` (XXH3) finds accidents: torn writes, flipped bits, states that
// drifted apart. Its value for given bytes never changes between versions, so
// it may be stored. `sha256` finds intent: an edited history, a guessed secret.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace base {

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

/// Folds one number into a running hash; cheap enough to do for every entry.
constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash ^= value + 0x9e3779b97f4a7c15ULL + (hash << 6) + (hash >> 2);
  hash *= 0xff51afd7ed558ccdULL;
  return hash ^ (hash >> 33);
}

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);

/// Compares without revealing by its duration where two hashes differ.
bool equal_in_constant_time(const Sha256& a, const Sha256& b);

}  // namespace base
