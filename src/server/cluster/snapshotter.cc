// Replay, save, tidy up.
#include "server/cluster/snapshotter.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "server/replayer.h"
#include "server/stoppable_replayer.h"
#include "state/machine.h"

namespace server {
namespace {

constexpr std::chrono::seconds kLooksEvery{1};
constexpr int kLooksAfterStoreEvery = 10;  ///< looks

}  // namespace

Snapshotter::Snapshotter(journal::SharedLog& log, std::uint64_t epoch, const SnapshotRules& rules,
                         OnHealth on_health)
    : log_(log),
      epoch_(epoch),
      rules_(rules),
      on_health_(std::move(on_health)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Snapshotter::run(const std::stop_token& stop) {
  for (int look = 0; !stop.stop_requested(); ++look) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, kLooksEvery, [] { return false; });
    }
    if (stop.stop_requested()) return;
    if (look % kLooksAfterStoreEvery == 0) look_after_store();
    if (is_due()) make(stop);
  }
}

bool Snapshotter::is_due() const {
  const journal::Tail tail = log_.tail();
  if (tail.batches == 0) return false;
  const std::uint64_t bytes_max = std::max(rules_.tail_bytes_min, 2 * log_.last_snapshot().bytes);
  if (tail.bytes > bytes_max || tail.batches > rules_.tail_batches_max) return true;
  // Making another would not help while etcd has not given back what the last one freed.
  const auto size = static_cast<std::uint64_t>(health_.bytes);
  return health_.bytes * 100 > rules_.store_bytes_max * kSnapshotAtPercent &&
         size > made_at_bytes_ + made_at_bytes_ / 20;
}

void Snapshotter::make(const std::stop_token& stop) {
  const auto started = std::chrono::steady_clock::now();
  auto machine = std::make_unique<state::Machine>();
  const std::function<bool()> is_stopped = [&stop] { return stop.stop_requested(); };
  StoppableReplayer consumer(*machine, is_stopped);
  const auto position = log_.replay(consumer);
  base::Result<void> saved;
  std::size_t bytes = 0;
  if (!position) {
    saved = std::unexpected(position.error());
  } else {
    journal::Snapshot snapshot;
    snapshot.index = position->last_index;
    snapshot.mark = position->mark;
    snapshot.digest = position->digest;
    machine->save(snapshot.payload);
    machine.reset();
    bytes = snapshot.payload.size();
    saved = log_.save(epoch_, *position, snapshot);
  }
  if (!saved) {
    if (!stop.stop_requested()) spdlog::error("snapshot: {}", saved.error().message);
    return;
  }
  made_at_bytes_ = static_cast<std::uint64_t>(std::max<std::int64_t>(health_.bytes, 0));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - started);
  spdlog::info("snapshot of batch {} with {} bytes in {} ms", position->sequence, bytes,
               took.count());
}

void Snapshotter::look_after_store() {
  const auto health = log_.health();
  if (!health) return spdlog::warn("looking after the store: {}", health.error().message);
  health_ = *health;
  on_health_(health_);
}

}  // namespace server
