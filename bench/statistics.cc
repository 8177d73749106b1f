// See statistics.h.
#include "statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace bench {

double quantile(std::span<std::chrono::nanoseconds> samples, double q) {
  if (samples.empty()) return 0;
  const double rank = std::ceil(q * static_cast<double>(samples.size()));
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  const auto it =
      samples.begin() + static_cast<std::ptrdiff_t>(std::min(index, samples.size() - 1));
  std::nth_element(samples.begin(), it, samples.end());
  return std::chrono::duration<double, std::micro>(*it).count();
}

double mean(std::span<const std::chrono::nanoseconds> samples) {
  if (samples.empty()) return 0;
  std::chrono::nanoseconds sum{0};
  for (const std::chrono::nanoseconds sample : samples) sum += sample;
  return std::chrono::duration<double, std::micro>(sum).count() /
         static_cast<double>(samples.size());
}

double jain_index(std::span<const double> shares) {
  double sum = 0;
  double sum_of_squares = 0;
  for (const double share : shares) {
    sum += share;
    sum_of_squares += share * share;
  }
  if (sum_of_squares == 0) return 0;
  return sum * sum / (static_cast<double>(shares.size()) * sum_of_squares);
}

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {.median = median, .min = values.front(), .max = values.back()};
}

}  // namespace bench
