// Snapshots on the disk: a header with the payload's SHA-256, and the payload.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "journal/disk.h"
#include "journal/file/format.h"
#include "journal/journal.h"

namespace journal {

/// Writes the snapshot under a temporary name, in pieces that are durable one by one so that a
/// large snapshot does not hold up the appends beside it, then gives it its name. Fault::Io.
base::Result<void> save_snapshot(Disk& disk, const DataId& id, const Snapshot& snapshot);

/// Reads the snapshot of `index`. Fault::Corrupt if it is not whole, has another index than its
/// name says, or is of another data directory (than `id`, if given). Fault::Io.
base::Result<Snapshot> load_snapshot(Disk& disk, const std::optional<DataId>& id,
                                     std::uint64_t index);

/// The size of the snapshot's file.
base::Result<std::uint64_t> snapshot_size(Disk& disk, std::uint64_t index);

/// Creates the file `name`, which must not exist durably yet, and writes `bytes` to it in pieces.
base::Result<void> write_in_pieces(File& file, std::uint64_t offset, std::string_view bytes);

/// Removes `name` if it exists.
base::Result<void> remove_leftover(Disk& disk, const std::string& name);

}  // namespace journal
