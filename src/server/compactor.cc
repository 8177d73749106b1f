// When a compaction is due, and what is said of it.
#include "server/compactor.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/fault_point.h"
#include "server/compaction.h"

namespace server {
namespace {

/// How often it looks whether a compaction is due.
constexpr std::chrono::seconds kLooksEvery{1};

/// A tenth of the processor when others want all of it, as Linux weighs a nice value of 10.
/// Idle priority would be too polite: on a busy machine the journal would grow until the
/// server refuses work.
constexpr int kNice = 10;

/// Gives way to others. A thread has a nice value of its own on Linux; failing that, this
/// one runs as anybody.
void yield_to_others() { setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice); }

}  // namespace

Compactor::Compactor(journal::Archive& archive, const CompactorOptions& options)
    : archive_(archive),
      options_(options),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

bool Compactor::is_due() const {
  const auto sizes = archive_.sizes();
  return sizes.closed_bytes >
         std::max(options_.factor * sizes.snapshot_bytes, options_.closed_bytes_min);
}

void Compactor::run(const std::stop_token& stop) {
  yield_to_others();
  std::unique_lock lock(mutex_);
  // The first look is at once: a server that never lives long must compact, too.
  while (!stop.stop_requested()) {
    if (is_due()) {
      running_ = true;
      compact(stop);
      running_ = false;
    }
    wake_.wait_for(lock, stop, kLooksEvery, [] { return false; });
  }
}

void Compactor::compact(const std::stop_token& stop) {
  const auto started = std::chrono::steady_clock::now();
  FAULT_POINT("compaction.begin");
  const auto done =
      server::compact(archive_, options_.keep, [&stop] { return stop.stop_requested(); });
  if (!done) {
    if (!stop.stop_requested()) spdlog::error("compaction: {}", done.error().message);
    return;
  }
  FAULT_POINT("compaction.end");
  ++runs_;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - started);
  spdlog::info(
      "compaction: snapshot of index {} with {} bytes from {} entries in {} ms, dropped {} "
      "segments of {} bytes",
      done->index, done->snapshot_bytes, done->entries, took.count(), done->dropped.segments,
      done->dropped.bytes);
}

}  // namespace server
