// What the journal's tests share: a consumer that writes down what it gets, and
// batches whose contents follow from their indexes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "journal/file_journal.h"
#include "journal/journal.h"

namespace journal::testing {

/// One record or batch end, as text that two replays can be compared by.
using Line = std::string;

class RecordingConsumer : public Consumer {
 public:
  base::Result<void> restore(const Snapshot& snapshot) override {
    lines.push_back("snapshot " + std::to_string(snapshot.index) + " " + snapshot.payload);
    return {};
  }
  base::Result<void> replay(const Record& record) override {
    lines.push_back(std::to_string(record.index) + " " + std::to_string(record.cluster_time.us()) +
                    " " + std::to_string(record.wall_time.us()) + " " +
                    std::to_string(base::hash64(record.payload)));
    return {};
  }
  base::Result<void> batch_end(std::uint64_t last_index, base::Time mark,
                               std::uint64_t digest) override {
    lines.push_back("end " + std::to_string(last_index) + " " + std::to_string(mark.us()) + " " +
                    std::to_string(digest));
    ++batches;
    return {};
  }

  std::vector<Line> lines;
  std::size_t batches = 0;
};

/// A state that is all it ever saw, so that two states are equal only if their histories are.
/// Its snapshot's payload is the state itself.
class HistoryConsumer : public Consumer {
 public:
  base::Result<void> restore(const Snapshot& snapshot) override {
    last_index = snapshot.index;
    mark = snapshot.mark;
    digest = snapshot.digest;
    state = snapshot.payload;
    return {};
  }
  base::Result<void> replay(const Record& record) override {
    last_index = record.index;
    state +=
        std::to_string(record.index) + ":" + std::to_string(base::hash64(record.payload)) + "\n";
    return {};
  }
  base::Result<void> batch_end(std::uint64_t, base::Time batch_mark,
                               std::uint64_t batch_digest) override {
    mark = batch_mark;
    digest = batch_digest;
    return {};
  }
  Snapshot snapshot() const { return {last_index, mark, digest, state}; }
  void apply(const Batch& batch) {
    for (std::size_t i = 0; i < batch.count(); ++i) (void)replay(batch.record(i));
    (void)batch_end(last_index, batch.mark, batch.digest);
  }

  bool operator==(const HistoryConsumer& other) const {
    return state == other.state && last_index == other.last_index && mark == other.mark &&
           digest == other.digest;
  }

  std::string state;
  std::uint64_t last_index = 0;
  base::Time mark;
  std::uint64_t digest = 0;
};

/// Bytes that differ from record to record, and have no sector of zeros.
inline std::string payload_of(std::uint64_t index, std::size_t size) {
  std::string payload(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    payload[i] = static_cast<char>(1 + base::mix(index, i / 64) % 250);
  }
  return payload;
}

/// A batch of records from `first_index` on with payloads of the given sizes.
inline Batch batch_of(std::uint64_t first_index, const std::vector<std::size_t>& payload_sizes) {
  Batch batch;
  std::uint64_t index = first_index;
  for (const std::size_t size : payload_sizes) {
    const auto us = static_cast<std::int64_t>(index);
    batch.add(index, base::Time::from_us(us * 10), base::Time::from_us(us * 1000),
              payload_of(index, size));
    ++index;
  }
  batch.mark = base::Time::from_us(static_cast<std::int64_t>(index) * 10);
  batch.digest = base::mix(7, index);
  return batch;
}

/// What a replay of the batch looks like.
inline void record_lines(const Batch& batch, std::uint64_t last_index, RecordingConsumer& into) {
  for (std::size_t i = 0; i < batch.count(); ++i) (void)into.replay(batch.record(i));
  (void)into.batch_end(batch.empty() ? last_index : batch.last_index(), batch.mark, batch.digest);
}

/// Small segments, nothing in the background, and always the same id: a run repeats exactly.
inline FileJournalOptions small_options(std::uint8_t id = 1) {
  FileJournalOptions options;
  options.segment_bytes = kSegmentBytesMin;
  options.prepare_in_background = false;
  options.make_data_id = [id] {
    DataId data_id{};
    data_id.fill(id);
    return data_id;
  };
  return options;
}

}  // namespace journal::testing
