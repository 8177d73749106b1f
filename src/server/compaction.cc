// Replay, save, drop.
#include "server/compaction.h"

#include <memory>

#include "base/fault_point.h"
#include "base/planted.h"
#include "server/stoppable_replayer.h"
#include "state/machine.h"

namespace server {
base::Result<Compaction> compact(journal::Archive& archive, journal::KeepSegments keep,
                                 const std::function<bool()>& is_stopped) {
  const auto sizes = archive.sizes();
  if (sizes.closed_index <= sizes.snapshot_index) return Compaction{};
  auto machine = std::make_unique<state::Machine>();
  StoppableReplayer consumer(*machine, is_stopped);
  const auto replayed = archive.replay(consumer);
  if (!replayed) return std::unexpected(replayed.error());
  FAULT_POINT("compaction.after_replay");
  journal::Snapshot snapshot;
  snapshot.index = replayed->last_index - (PLANTED(SnapshotOlderThanSaid) ? 1 : 0);
  snapshot.mark = replayed->mark;
  snapshot.digest = replayed->digest;
  machine->save(snapshot.payload);
  machine.reset();
  if (auto saved = archive.save(snapshot); !saved) return std::unexpected(saved.error());
  const auto dropped = archive.drop(keep);
  if (!dropped) return std::unexpected(dropped.error());
  return Compaction{snapshot.index, snapshot.payload.size(), replayed->entries, *dropped};
}

}  // namespace server
