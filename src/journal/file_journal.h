// The journal in files: one node, one data directory.
//
//   auto disk = journal::open_disk(path, journal::IfMissing::Create);
//   auto opened = journal::FileJournal::open(std::move(*disk), {}, machine_feeder);
//   // opened->report says what recovery did; log it once
//   opened->journal->append(batch);
//
// docs/journal_format.md has the format and the rules of recovery.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "journal/archive.h"
#include "journal/disk.h"
#include "journal/file/batch_encoder.h"
#include "journal/file/replay.h"
#include "journal/file/segment_preparer.h"
#include "journal/journal.h"

namespace journal {

struct FileJournalOptions {
  /// Of a new segment; rounded up to sectors. A batch that needs more gets a larger segment.
  std::uint64_t segment_bytes = std::uint64_t{16} << 20;
  /// Whether the next segment is made ready on a thread. A simulator says no, and waits for it.
  bool prepare_in_background = true;
  /// Makes the id of a new data directory; by default of the system's random bytes.
  std::function<DataId()> make_data_id;
};

/// What recovery found and did; one line in the log.
struct RecoveryReport {
  bool created = false;  ///< the directory was empty: this is a new journal
  ReplaySummary replayed;
  std::uint64_t cut_bytes = 0;            ///< of a torn tail, never acknowledged; 0: none
  std::uint64_t cut_records_at_most = 0;  ///< that were in it
  std::string cut_file;                   ///< where it was
  std::uint64_t cut_offset = 0;
  base::Duration duration;

  /// The report in one sentence.
  std::string to_string() const;
};

/// One thread at a time appends; archive() has its own rules for threads.
class FileJournal : public Journal {
 public:
  struct Opened;

  /// Locks the directory, replays what it holds into `consumer`, cuts a torn tail, and is ready for
  /// appends. What is on the disk changes only after all of it was found good.
  ///
  /// Fault::InUse: another process has the directory. Fault::Corrupt, naming file, offset and
  /// index: the journal is damaged, and nothing was changed. Fault::Io: the disk. Also any error
  /// that the consumer returns.
  static base::Result<Opened> open(std::unique_ptr<Disk> disk, const FileJournalOptions& options,
                                   Consumer& consumer);

  /// The indexes must be at least next_index() and grow. Any error (Fault::Io) is final: every
  /// later append returns the same without touching a file, and the process should end.
  base::Result<void> append(const Batch& batch) override;

  std::uint64_t next_index() const override { return end_.index; }

  /// Appends an empty batch after which indexes go on at `index`, at least next_index(). After a
  /// restore from a backup jump by kIndexJump, so that no token that was ever seen can repeat.
  base::Result<void> jump(std::uint64_t index);

  /// For the compactor.
  Archive& archive() { return archive_; }

  const DataId& data_id() const { return data_id_; }
  /// What is left of the disk. Fault::Io.
  base::Result<std::uint64_t> free_bytes() { return disk_->free_bytes(); }

 private:
  FileJournal(std::unique_ptr<Disk> disk, const FileJournalOptions& options, const DataId& id);

  /// The first segment of a new directory.
  base::Result<void> create();
  /// Everything after which appends may begin: replays, then mends what a crash left behind.
  base::Result<void> recover(LogReader& reader, const Inventory& inventory, Consumer& consumer,
                             RecoveryReport& report);
  base::Result<void> cut(const TornTail& torn, RecoveryReport& report);
  base::Result<void> seal_interrupted_rotation(const SegmentHeader& before);
  base::Result<void> set_aside(const std::vector<std::uint64_t>& bad_snapshots);
  base::Result<void> list_archive(const LogReader& reader, const Inventory& inventory,
                                  const std::vector<std::uint64_t>& bad_snapshots);

  base::Result<void> append_at(std::uint64_t first_index, const Batch& batch);
  base::Result<void> write(std::uint64_t first_index, const Batch& batch);
  base::Result<void> rotate(std::uint64_t batch_bytes);
  base::Result<void> make_segment(std::uint64_t number, std::uint64_t size_bytes);
  base::Result<void> seal(File& file, const SegmentHeader& segment, const ChainEnd& end);
  std::uint64_t segment_size_for(std::uint64_t batch_bytes) const;

  std::unique_ptr<Disk> disk_;
  const FileJournalOptions options_;
  const DataId data_id_;
  Archive archive_;
  SegmentPreparer preparer_;
  BatchEncoder encoder_;

  std::unique_ptr<File> file_;  ///< the open segment
  SegmentHeader segment_;       ///< its header
  std::uint64_t offset_ = 0;    ///< where the next batch goes
  ChainEnd end_;
  base::Time mark_;  ///< of the last batch
  std::uint64_t digest_ = 0;
  std::optional<base::Error> failed_;
};

struct FileJournal::Opened {
  std::unique_ptr<FileJournal> journal;
  RecoveryReport report;
};

}  // namespace journal
