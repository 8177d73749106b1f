// What is left of many numbers: quantiles of one measurement's samples, and the
// spread of a figure over the rounds.
#pragma once

#include <chrono>
#include <span>
#include <vector>

namespace bench {

/// The smallest sample that at least the share `q` (0 to 1) of all does not exceed, in
/// microseconds; 0 if there are none. Reorders the samples.
double quantile(std::span<std::chrono::nanoseconds> samples, double q);

/// In microseconds; 0 if there are none.
double mean(std::span<const std::chrono::nanoseconds> samples);

/// Jain's index of fairness: 1 if all shares are alike, 1/n if one of n has everything; 0 if
/// nobody has anything.
double jain_index(std::span<const double> shares);

/// A figure over the rounds.
struct Spread {
  double median = 0;  ///< of an even number, the mean of the two in the middle
  double min = 0;
  double max = 0;
};

/// All 0 if there are no values.
Spread spread_of(std::vector<double> values);

}  // namespace bench
