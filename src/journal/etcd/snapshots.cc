// Pieces, manifests, and tidying up.
#include "journal/etcd/snapshots.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/check.h"
#include "base/planted.h"
#include "journal/etcd/asking.h"

namespace journal::etcd {

using base::Fault;
using base::Result;

namespace {

constexpr std::size_t kPieceBytes = 256 << 10;
/// Between pieces, so that appends come in between.
constexpr base::Duration kPieceEvery = base::Duration::from_ms(5);
/// Snapshots that are kept.
constexpr std::size_t kKeep = 2;
/// Batches that one transaction deletes.
constexpr std::uint64_t kDropAtOnce = 500;
/// A revision stays readable for so long: whoever reads the log at it must come to an end.
constexpr base::Duration kReadableFor = base::Duration::from_seconds(120);

}  // namespace

SavedSnapshot Snapshots::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void Snapshots::set_last(const SavedSnapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  last_ = snapshot;
}

// --- reading

Result<Found> Snapshots::list(Client& client, std::int64_t revision) {
  Range range{layout_.snapshots(), layout_.snapshots_end(), revision};
  range.keys_only = true;
  auto found = ask_until_certain(stopped_, [&] { return client.range(range, kLongCall); });
  if (!found) return std::unexpected(to_error(found.error()));
  return *std::move(found);
}

Result<void> Snapshots::restore_newest(Client& client, std::int64_t revision, Consumer& consumer,
                                       LogPosition& position) {
  const auto keys = list(client, revision);
  if (!keys) return std::unexpected(keys.error());
  for (auto item = keys->items.rbegin(); item != keys->items.rend(); ++item) {
    const auto sequence = layout_.manifest_of(item->key);
    if (!sequence) continue;
    LogPosition its_position;
    const auto snapshot = read(client, *sequence, revision, its_position);
    if (!snapshot && snapshot.error().fault != Fault::Corrupt) {
      return std::unexpected(snapshot.error());
    }
    if (!snapshot) {
      spdlog::error("{}; an older snapshot is tried", snapshot.error().message);
      continue;
    }
    if (auto restored = consumer.restore(*snapshot); !restored) return restored;
    position = its_position;
    set_last({*sequence, snapshot->payload.size()});
    return {};
  }
  return {};
}

Result<Snapshot> Snapshots::read(Client& client, std::uint64_t sequence, std::int64_t revision,
                                 LogPosition& position) {
  Snapshot snapshot;
  Manifest manifest;
  std::uint32_t pieces = 0;
  std::string next = layout_.snapshot(sequence);
  for (bool has_more = true; has_more;) {
    const Range range{next, layout_.snapshot_end(sequence), revision, 20};
    const auto page = ask_until_certain(stopped_, [&] { return client.range(range, kLongCall); });
    if (!page) return std::unexpected(to_error(page.error()));
    for (const KeyValue& item : page->items) {
      if (item.key == layout_.manifest(sequence)) {
        auto read = decode_manifest(item.key, item.value);
        if (!read) return std::unexpected(read.error());
        manifest = *read;
      } else if (item.key == layout_.piece(sequence, pieces)) {
        snapshot.payload += item.value;
        ++pieces;
      }
    }
    has_more = page->has_more;
    if (has_more) next = page->items.back().key + '\0';
  }
  if (pieces != manifest.pieces || snapshot.payload.size() != manifest.bytes ||
      base::sha256(snapshot.payload) != manifest.sha256) {
    return base::failure(Fault::Corrupt, fmt::format("the snapshot of batch {} in etcd is not what "
                                                     "its manifest says",
                                                     sequence));
  }
  snapshot.index = manifest.index;
  snapshot.mark = manifest.position.mark;
  snapshot.digest = manifest.position.digest;
  position = manifest.position;
  return snapshot;
}

// --- writing

/// Only while the epoch lasts. Doing it twice does no harm.
Result<void> Snapshots::put(std::uint64_t epoch, std::vector<Operation> operations) {
  const Transaction guarded{
      {CreatedAt{layout_.leader(), static_cast<std::int64_t>(epoch)}}, std::move(operations), {}};
  const auto done = ask_until_certain(stopped_, [&] { return client_.commit(guarded, kLongCall); });
  if (!done) return std::unexpected(to_error(done.error()));
  if (!done->succeeded) return base::failure(Fault::InUse, "another node leads by now");
  return {};
}

Result<void> Snapshots::save(std::uint64_t epoch, const LogPosition& position,
                             const Snapshot& snapshot) {
  const std::uint64_t sequence = position.sequence;
  CHECK_GT(sequence, 0U);
  Manifest manifest;
  manifest.bytes = snapshot.payload.size();
  manifest.sha256 = base::sha256(snapshot.payload);
  manifest.index = snapshot.index;
  manifest.position = position;
  // What an earlier leader left of the same one is half of another attempt.
  auto done = put(epoch, {Delete{layout_.snapshot(sequence), layout_.snapshot_end(sequence)}});
  for (std::size_t at = 0; done && at < snapshot.payload.size(); at += kPieceBytes) {
    done = put(epoch, {Put{layout_.piece(sequence, manifest.pieces++),
                           snapshot.payload.substr(at, kPieceBytes)}});
    pause(kPieceEvery);
  }
  if (done) done = put(epoch, {Put{layout_.manifest(sequence), encode(manifest)}});
  if (!done) return done;
  set_last({sequence, manifest.bytes});
  return drop_old(epoch);
}

Result<void> Snapshots::drop_old(std::uint64_t epoch) {
  const auto keys = list(client_, 0);
  if (!keys) return std::unexpected(keys.error());
  std::set<std::uint64_t> whole;
  std::set<std::uint64_t> all;
  for (const KeyValue& item : keys->items) {
    if (const auto sequence = layout_.manifest_of(item.key)) whole.insert(*sequence);
    if (const auto sequence = layout_.snapshot_of(item.key)) all.insert(*sequence);
  }
  while (whole.size() > kKeep) whole.erase(whole.begin());
  for (const std::uint64_t sequence : all) {
    if (whole.contains(sequence)) continue;
    auto dropped = put(epoch, {Delete{layout_.snapshot(sequence), layout_.snapshot_end(sequence)}});
    if (!dropped) return dropped;
  }
  // Until there are two, the log goes back to its beginning.
  if (whole.size() < kKeep) return {};
  return drop_batches(epoch, PLANTED(DropsWhatIsNeeded) ? *whole.rbegin() + kKeep : *whole.begin());
}

/// The batch of the older snapshot stays, so that the log is never without one.
Result<void> Snapshots::drop_batches(std::uint64_t epoch, std::uint64_t last) {
  Range oldest{layout_.batch(0), layout_.batches_end(), 0, 1};
  oldest.keys_only = true;
  const auto found = ask_until_certain(stopped_, [&] { return client_.range(oldest, kLongCall); });
  if (!found) return std::unexpected(to_error(found.error()));
  if (found->items.empty()) return {};
  std::uint64_t first = layout_.batch_of(found->items.front().key).value_or(last);
  while (first < last) {
    const std::uint64_t end = std::min(first + kDropAtOnce, last);
    if (auto dropped = put(epoch, {Delete{layout_.batch(first), layout_.batch(end)}}); !dropped) {
      return dropped;
    }
    first = end;
    pause(kPieceEvery);
  }
  return {};
}

Result<StoreHealth> Snapshots::keep_house() {
  const auto status = ask_until_certain(stopped_, [&] { return client_.status(kShortCall); });
  if (!status) return std::unexpected(to_error(status.error()));
  const auto newest =
      ask_until_certain(stopped_, [&] { return client_.range({layout_.meta(), {}}, kShortCall); });
  if (!newest) return std::unexpected(to_error(newest.error()));
  const base::Time time = now();
  revisions_.emplace_back(time, newest->revision);
  std::int64_t old_enough = 0;
  while (!revisions_.empty() && time - revisions_.front().first >= kReadableFor) {
    old_enough = revisions_.front().second;
    revisions_.pop_front();
  }
  if (old_enough > compacted_) {
    const auto done =
        ask_until_certain(stopped_, [&] { return client_.compact(old_enough, kLongCall); });
    if (!done && done.error().trouble != Trouble::Compacted) {
      return std::unexpected(to_error(done.error()));
    }
    compacted_ = old_enough;
  }
  return StoreHealth{status->version, status->database_bytes};
}

}  // namespace journal::etcd
