// Comparing.
#include "sim/cluster/shared_witness.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"

namespace sim {

/// The same index is the same record for ever, whoever speaks of it.
bool SharedWitness::learn(const std::string& who, const journal::Record& record) {
  const std::uint64_t what =
      base::mix(base::hash64(record.payload), static_cast<std::uint64_t>(record.cluster_time.us()));
  const auto [known, is_new] = records_.emplace(record.index, what);
  if (is_new || known->second == what) return true;
  judge_.complain(
      fmt::format("{} has another record at index {} than was there before", who, record.index));
  return false;
}

void SharedWitness::acknowledge(const std::string& who, std::uint64_t epoch,
                                const journal::Batch& batch) {
  for (std::size_t i = 0; i < batch.count(); ++i) {
    const journal::Record record = batch.record(i);
    // Who stood still may answer late, but for nothing that those after him did not find.
    if (record.index <= acknowledged() && !records_.contains(record.index)) {
      return judge_.complain(
          fmt::format("{} answered for index {}, which nobody knew who had come to index {}", who,
                      record.index, acknowledged()));
    }
    if (!learn(who, record)) return;
    acknowledged_.insert(record.index);
    newest_of_[epoch] = record.index;
    print_ = base::mix(print_, base::mix(record.index, records_.at(record.index)));
  }
}

std::uint64_t SharedWitness::acknowledged_before(std::uint64_t epoch) const {
  std::uint64_t newest = 0;
  for (const auto& [earlier, index] : newest_of_) {
    if (earlier < epoch) newest = std::max(newest, index);
  }
  return newest;
}

void SharedWitness::read(const std::string& who, std::uint64_t after,
                         const journal::Record& record) {
  if (!learn(who, record)) return;
  const auto missed = acknowledged_.upper_bound(after);
  if (missed == acknowledged_.end() || *missed >= record.index) return;
  judge_.complain(fmt::format("{} read index {} next to {}, and {} between them had been answered",
                              who, record.index, after, *missed));
}

void SharedWitness::claim(const std::string& who, const char* what, std::uint64_t acknowledged,
                          std::uint64_t index) {
  if (acknowledged <= index) return;
  judge_.complain(fmt::format("{} {} with index {}, and {} had been answered before", who, what,
                              index, acknowledged));
}

}  // namespace sim
