// The journal: durable, ordered, checksummed batches of opaque records.
//
// The journal is the truth of the service; everything else is a replay of it.
// It knows nothing of locks: a record is an index, two times and bytes.
//
// The unit of durability, and of recovery, is the batch: append() returns when
// the whole batch is durable, and batch n+1 is not written before append(n)
// has returned. An append that fails is never tried again: the caller stops the
// process, and recovery reads from the disk what is really there.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace journal {

/// One journalled entry. `payload` belongs to whoever made the record.
struct Record {
  std::uint64_t index = 0;  ///< grows from record to record, not always by one
  base::Time cluster_time;  ///< never decreases
  base::Time wall_time;     ///< since 1970, for people only
  std::string_view payload;
};

/// Records gathered for one append. May be empty: then it only carries the time mark on.
class Batch {
 public:
  void add(std::uint64_t index, base::Time cluster_time, base::Time wall_time,
           std::string_view payload);
  /// As add(); `write` appends the payload to the string that it is given.
  template <std::invocable<std::string&> Write>
  void add(std::uint64_t index, base::Time cluster_time, base::Time wall_time, Write write) {
    const std::size_t offset = payloads_.size();
    write(payloads_);
    add_item(index, cluster_time, wall_time, offset);
  }
  void clear();

  bool empty() const { return items_.empty(); }
  std::size_t count() const { return items_.size(); }
  std::size_t payload_bytes() const { return payloads_.size(); }
  std::uint64_t last_index() const { return items_.empty() ? 0 : items_.back().index; }
  Record record(std::size_t position) const;

  /// Cluster time when the batch was closed: restarts continue from here.
  base::Time mark;
  /// A running digest of the state after the last record; a replay must arrive at the same.
  std::uint64_t digest = 0;

 private:
  struct Item {
    std::uint64_t index;
    base::Time cluster_time;
    base::Time wall_time;
    std::size_t offset;
    std::size_t size;
  };
  /// All that stands behind `offset` is its payload.
  void add_item(std::uint64_t index, base::Time cluster_time, base::Time wall_time,
                std::size_t offset);

  std::vector<Item> items_;
  std::string payloads_;
};

/// A whole state as of one index.
struct Snapshot {
  std::uint64_t index = 0;   ///< the last entry it contains
  base::Time mark;           ///< cluster time of that entry's batch
  std::uint64_t digest = 0;  ///< running digest after that entry
  std::string payload;
};

/// Receives what recovery reads, in order. An error it returns stops the replay and is passed on.
class Consumer {
 public:
  virtual ~Consumer() = default;
  /// At most once, before any record.
  virtual base::Result<void> restore(const Snapshot& snapshot) = 0;
  virtual base::Result<void> replay(const Record& record) = 0;
  /// After the last record of each batch, with the batch's mark and digest.
  virtual base::Result<void> batch_end(std::uint64_t last_index, base::Time mark,
                                       std::uint64_t digest) = 0;
};

/// Where batches go. One thread at a time calls append().
class Journal {
 public:
  virtual ~Journal() = default;

  /// Makes the batch durable before it returns. Any error is final for this journal.
  virtual base::Result<void> append(const Batch& batch) = 0;

  /// Makes sure that nobody else has taken the journal over by now, when others could. An error is
  /// final, as append()'s.
  virtual base::Result<void> confirm() { return {}; }

  /// The smallest index the next record may have.
  virtual std::uint64_t next_index() const = 0;
};

}  // namespace journal
