// Due, replay, save, drop.
#include "server/compactor.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "server/replayer.h"
#include "state/machine.h"

namespace server {
namespace {

/// Takes the processor only when nobody else wants it. Failing that, it runs as anybody.
void yield_to_others() {
  const sched_param none{};
  pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
}

/// Ends a replay when the server stops.
class StoppableReplayer final : public journal::Consumer {
 public:
  StoppableReplayer(state::Machine& machine, const std::stop_token& stop)
      : replayer_(machine), stop_(stop) {}

  base::Result<void> restore(const journal::Snapshot& snapshot) override {
    return replayer_.restore(snapshot);
  }
  base::Result<void> replay(const journal::Record& record) override {
    return replayer_.replay(record);
  }
  base::Result<void> batch_end(std::uint64_t last_index, base::Time mark,
                               std::uint64_t digest) override {
    if (stop_.stop_requested()) return base::failure(base::Fault::Unavailable, "stopped");
    return replayer_.batch_end(last_index, mark, digest);
  }

 private:
  Replayer replayer_;
  const std::stop_token& stop_;
};

}  // namespace

Compactor::Compactor(journal::Archive& archive, const CompactorOptions& options)
    : archive_(archive),
      options_(options),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

bool Compactor::is_due() const {
  const auto sizes = archive_.sizes();
  return sizes.closed_bytes >
         options_.factor * std::max(sizes.snapshot_bytes, options_.snapshot_bytes_min);
}

void Compactor::run(const std::stop_token& stop) {
  yield_to_others();
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
    if (stop.stop_requested() || !is_due()) continue;
    running_ = true;
    compact(stop);
    running_ = false;
  }
}

void Compactor::compact(const std::stop_token& stop) {
  const auto started = std::chrono::steady_clock::now();
  auto machine = std::make_unique<state::Machine>();
  StoppableReplayer consumer(*machine, stop);
  const auto replayed = archive_.replay(consumer);
  if (!replayed) {
    if (!stop.stop_requested()) spdlog::error("compaction: {}", replayed.error().message);
    return;
  }
  journal::Snapshot snapshot;
  snapshot.index = replayed->last_index;
  snapshot.mark = replayed->mark;
  snapshot.digest = replayed->digest;
  machine->save(snapshot.payload);
  machine.reset();
  if (auto saved = archive_.save(snapshot); !saved) {
    spdlog::error("compaction: {}", saved.error().message);
    return;
  }
  const auto dropped = archive_.drop(options_.keep);
  if (!dropped) {
    spdlog::error("compaction: {}", dropped.error().message);
    return;
  }
  ++runs_;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - started);
  spdlog::info(
      "compaction: snapshot of index {} with {} bytes from {} entries in {} ms, dropped {} "
      "segments of {} bytes",
      snapshot.index, snapshot.payload.size(), replayed->entries, took.count(), dropped->segments,
      dropped->bytes);
}

}  // namespace server
