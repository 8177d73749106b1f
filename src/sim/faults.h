// How often each kind of fault has happened: a kind that never does tests nothing.
#pragma once

#include <array>
#include <cstdint>

#include "sim/plan.h"

namespace sim {

class FaultCounts {
 public:
  void add(Fault fault, std::uint64_t count = 1) { at(fault) += count; }
  std::uint64_t of(Fault fault) const { return counts_[static_cast<std::size_t>(fault)]; }
  void add(const FaultCounts& others) {
    for (std::size_t i = 0; i < kFaultCount; ++i) counts_[i] += others.counts_[i];
  }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts_) sum += count;
    return sum;
  }

 private:
  std::uint64_t& at(Fault fault) { return counts_[static_cast<std::size_t>(fault)]; }

  std::array<std::uint64_t, kFaultCount> counts_{};
};

}  // namespace sim
