// Some sixty journals of every shape, for the tests that spoil them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace journal::testing {

using Contents = std::map<std::string, std::string>;

/// A data directory, and the history after each number of acknowledged batches.
struct Specimen {
  std::string name;
  Contents contents;
  std::vector<std::string> histories;  ///< [n]: of the first n batches
};

/// Always the same ones, in a directory of this id. Empty ones, single records of sizes around
/// those of a sector, many segments, jumps, payloads of zeros and payloads that look like headers,
/// snapshots, rotations that were broken off, torn tails, and the largest record there can be.
std::vector<Specimen> make_corpus(std::uint8_t id);

}  // namespace journal::testing
