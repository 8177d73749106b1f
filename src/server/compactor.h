// Makes the next snapshot in the background: replays the last one and the closed
// segments into a machine of its own, saves that, and drops what is no longer
// needed. The serving machine never stalls for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "journal/archive.h"

namespace server {

struct CompactorOptions {
  /// Compacts when closed segments exceed this many times the last snapshot, and ...
  std::uint64_t factor = 4;
  /// ... this, too.
  std::uint64_t closed_bytes_min = 64 << 20;
  journal::KeepSegments keep = journal::KeepSegments::Needed;
};

class Compactor {
 public:
  /// `archive` outlives the compactor. Starts its thread, which gives way to others.
  Compactor(journal::Archive& archive, const CompactorOptions& options);
  /// Waits for a compaction that is under way to come to its next step.
  ~Compactor() = default;

  std::uint64_t runs() const { return runs_; }
  bool is_running() const { return running_; }

 private:
  void run(const std::stop_token& stop);
  bool is_due() const;
  void compact(const std::stop_token& stop);

  journal::Archive& archive_;
  const CompactorOptions options_;
  std::atomic<std::uint64_t> runs_ = 0;
  std::atomic<bool> running_ = false;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace server
