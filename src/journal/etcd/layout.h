// What the shared log looks like in etcd.
//
//   PREFIX/leader                      who leads: `HOST:PORT nonce`, bound to the leader's lease;
//                                      its create revision is the epoch
//   PREFIX/log/<20 digits>             one batch each, numbered without a gap
//   PREFIX/member/<HOST:PORT>          a node that is alive, bound to its lease
//   PREFIX/meta                        the format, and an id that names this log for good
//   PREFIX/snap/<20 digits>/<5 digits> a piece of the snapshot of that batch
//   PREFIX/snap/<20 digits>/manifest   makes the pieces a snapshot
//   PREFIX/restored                    put by an operator who restored etcd from a backup: the next
//                                      leader lets indexes, and so tokens, jump ahead
//   PREFIX/barrier                     overwritten by a leader to see whether it still leads
//
// The first three lie side by side, so that one watch sees them all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "journal/etcd/outside.h"
#include "journal/journal.h"
#include "journal/shared_log.h"

namespace journal::etcd {

class Layout {
 public:
  /// `prefix` without slashes at its ends.
  explicit Layout(const std::string& prefix) : root_(prefix + "/") {}

  std::string leader() const { return root_ + "leader"; }
  std::string batch(std::uint64_t sequence) const;
  std::string batches_end() const { return root_ + "log0"; }  // '0' follows '/'
  std::string member(const std::string& node) const { return root_ + "member/" + node; }
  std::string meta() const { return root_ + "meta"; }
  std::string restored() const { return root_ + "restored"; }
  std::string barrier() const { return root_ + "barrier"; }
  std::string snapshots() const { return root_ + "snap/"; }
  std::string snapshots_end() const { return root_ + "snap0"; }
  std::string snapshot(std::uint64_t sequence) const;
  std::string snapshot_end(std::uint64_t sequence) const;
  std::string piece(std::uint64_t sequence, std::uint32_t number) const;
  std::string manifest(std::uint64_t sequence) const { return snapshot(sequence) + "manifest"; }
  /// Leader, batches, members and meta.
  std::string watched() const { return root_ + "l"; }
  std::string watched_end() const { return root_ + "n"; }

  /// What a key is; nothing if it is none of that kind.
  std::optional<std::uint64_t> batch_of(std::string_view key) const;
  std::optional<std::string> member_of(std::string_view key) const;
  /// The batch of a snapshot whose manifest the key is.
  std::optional<std::uint64_t> manifest_of(std::string_view key) const;
  std::optional<std::uint64_t> snapshot_of(std::string_view key) const;

 private:
  std::string root_;
};

std::string to_hex(const Id& id);

/// The head of a stored batch.
struct BatchHead {
  std::uint32_t format = 1;
  std::uint64_t sequence = 0;
  std::uint64_t epoch = 0;  ///< whose leader appended it
  Id id{};                  ///< by chance, so that no two attempts at a sequence are alike
  base::Sha256 chain{};     ///< of the batch before, as it is stored
  base::Time mark;
  std::uint64_t digest = 0;
};

/// The batch as it is stored.
std::string encode(const BatchHead& head, const Batch& batch);

/// Replays a stored batch that belongs behind `position`, and moves it on. Fault::Corrupt, naming
/// `key`: it is damaged or belongs elsewhere. Any error of the consumer.
base::Result<void> replay_batch(const std::string& key, std::string_view bytes,
                                LogPosition& position, Consumer& consumer);

/// What makes pieces a snapshot.
struct Manifest {
  std::uint32_t format = 1;
  std::uint32_t pieces = 0;
  std::uint64_t bytes = 0;
  base::Sha256 sha256{};
  std::uint64_t index = 0;  ///< of the snapshot; the position's may be smaller after a jump
  LogPosition position;
};

std::string encode(const Manifest& manifest);
/// Fault::Corrupt, naming `key`.
base::Result<Manifest> decode_manifest(const std::string& key, std::string_view bytes);

}  // namespace journal::etcd
