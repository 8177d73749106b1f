// Makes the next segment's file ahead of time: written full of zeros and synced,
// so that appends to it never wait for the file system to find space.
#pragma once

#include <cstdint>
#include <future>

#include "journal/disk.h"

namespace journal {

class SegmentPreparer {
 public:
  /// `in_background`: on a thread of its own. Else nothing happens before take().
  SegmentPreparer(Disk& disk, bool in_background) : disk_(disk), in_background_(in_background) {}

  /// Begins to prepare a file of `size_bytes`.
  void start(std::uint64_t size_bytes);

  /// Waits until the file kNextSegmentName stands there, with at least `size_bytes`, and returns
  /// its size. If the preparation failed (a full disk, perhaps no longer full), it is made anew
  /// here. Fault::Io if that fails.
  base::Result<std::uint64_t> take(std::uint64_t size_bytes);

 private:
  Disk& disk_;
  bool in_background_;
  std::future<base::Result<std::uint64_t>> prepared_;  ///< its destructor waits for the thread
};

}  // namespace journal
