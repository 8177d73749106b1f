// Comparing what was kept with what is found.
#include "sim/witness.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace sim {

void Witness::on_durable(const journal::Batch& batch) {
  for (std::size_t i = 0; i < batch.count(); ++i) {
    const journal::Record record = batch.record(i);
    CHECK_LT(last_index(), record.index);
    records_.push_back(
        {record.index, record.cluster_time, record.wall_time, std::string(record.payload)});
  }
  mark_ = batch.mark;
}

std::vector<command::Entry> Witness::entries() const {
  std::vector<command::Entry> entries;
  entries.reserve(records_.size());
  for (const Record& record : records_) {
    command::Entry entry;
    entry.index = record.index;
    entry.now = record.cluster_time;
    entry.wall = record.wall_time;
    CHECK(command::decode(record.payload, entry).has_value());
    entries.push_back(std::move(entry));
  }
  return entries;
}

base::Result<void> WitnessedRecovery::restore(const journal::Snapshot& snapshot) {
  last_index_ = snapshot.index;
  mark_ = snapshot.mark;
  return replayer_.restore(snapshot);
}

base::Result<void> WitnessedRecovery::replay(const journal::Record& record) {
  const Witness::Record found{record.index, record.cluster_time, record.wall_time,
                              std::string(record.payload)};
  auto& records = witness_.records_;
  const auto at = std::lower_bound(
      records.begin(), records.end(), record.index,
      [](const Witness::Record& known, std::uint64_t index) { return known.index < index; });
  if (at == records.end()) {
    if (learns_) records.push_back(found);
  } else if (*at != found && difference_.empty()) {
    difference_ = fmt::format("record {} was recovered where record {} was made durable",
                              found.index, at->index);
  } else if (at != records.begin() && std::prev(at)->index > last_index_ && difference_.empty()) {
    difference_ = fmt::format("record {} was left out by a recovery", std::prev(at)->index);
  }
  last_index_ = record.index;
  return replayer_.replay(record);
}

base::Result<void> WitnessedRecovery::batch_end(std::uint64_t last_index, base::Time mark,
                                                std::uint64_t digest) {
  mark_ = mark;
  return replayer_.batch_end(last_index, mark, digest);
}

std::string WitnessedRecovery::difference() const {
  if (!difference_.empty()) return difference_;
  if (last_index_ < witness_.last_index()) {
    return fmt::format("a recovery ended at index {}, and {} had been made durable", last_index_,
                       witness_.last_index());
  }
  if (mark_ < witness_.mark()) {
    return fmt::format("cluster time went back from {} us to {} us by a recovery",
                       witness_.mark().us(), mark_.us());
  }
  return {};
}

}  // namespace sim
