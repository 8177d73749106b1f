// One compaction: the last snapshot and the closed segments, replayed into a
// machine of its own, become the next snapshot; what is no longer needed goes.
#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "journal/archive.h"

namespace server {

struct Compaction {
  std::uint64_t index = 0;  ///< the last entry in the snapshot
  std::uint64_t snapshot_bytes = 0;
  std::uint64_t entries = 0;  ///< replayed
  journal::Archive::Dropped dropped;
};

/// Does nothing if no closed segment has anything that the last snapshot lacks.
///
/// `is_stopped` is asked between batches; may be empty. Fault::Unavailable: it said yes. Also the
/// errors of journal::Archive and of a replay. The archive is as good as before after any of them.
base::Result<Compaction> compact(journal::Archive& archive, journal::KeepSegments keep,
                                 const std::function<bool()>& is_stopped);

}  // namespace server
