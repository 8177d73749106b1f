// A journal that several processes share: one leads and appends, the others
// replay what it appends and stand ready to lead.
//
//   standby    load(), then follow() again and again
//   candidate  depose() the leader that is known to be gone, campaign(), catch_up()
//   leader     lead() gives the journal to append to, until an append says otherwise
//
// Safety rests on the journal alone: an append succeeds only while its epoch is
// the newest, whoever believes to lead. What one process believes of another may
// be wrong at any time, and costs no more than time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "base/time.h"
#include "journal/journal.h"

namespace journal {

/// Who leads. An epoch is greater than all before it.
struct Leadership {
  std::uint64_t epoch = 0;  ///< 0: nobody leads
  std::string node;

  bool operator==(const Leadership&) const = default;
};

/// Up to where a log has been replayed.
struct LogPosition {
  std::uint64_t sequence = 0;    ///< of the last batch; 0: none
  std::uint64_t last_index = 0;  ///< of the last entry
  base::Time mark;               ///< of the last batch
  std::uint64_t digest = 0;      ///< of the state after it
  base::Sha256 chain{};          ///< of the last batch
};

/// What stores the log, for an operator's eyes.
struct StoreHealth {
  std::string version;
  std::int64_t bytes = 0;  ///< of its database
};

/// The batches after the newest snapshot, as far as this process knows them.
struct Tail {
  std::uint64_t batches = 0;
  std::uint64_t bytes = 0;
};

/// A snapshot that is stored.
struct SavedSnapshot {
  std::uint64_t sequence = 0;
  std::uint64_t bytes = 0;
};

/// Used by one thread, but for what is said otherwise. All that waits for the store ends with
/// Fault::Unavailable soon after stop(). Fault::Corrupt: what is stored is not what was written,
/// or less than what was.
class SharedLog {
 public:
  enum class News {
    None,    ///< nothing new within the time
    Some,    ///< batches, or another leader, or other members
    Behind,  ///< the log no longer goes back to where this process stands: load() anew
  };

  virtual ~SharedLog() = default;

  /// Replays all there is into a consumer that has seen nothing, and begins to follow from there.
  virtual base::Result<void> load(Consumer& consumer) = 0;

  /// Waits for news, and replays new batches. wake() ends the wait.
  virtual base::Result<News> follow(base::Duration patience, Consumer& consumer) = 0;

  /// Looks who leads and who is alive, and replays nothing: for a leader.
  virtual base::Result<void> survey() = 0;

  /// As of the last load(), follow(), survey() or campaign().
  virtual const Leadership& leader() const = 0;
  /// The nodes that are alive, this one among them, sorted.
  virtual const std::vector<std::string>& members() const = 0;
  virtual const LogPosition& position() const = 0;

  /// Ends that leadership if it is still the newest. Fault::Unavailable: the store did not answer
  /// within the time; it may have been done.
  virtual base::Result<void> depose(std::uint64_t epoch, base::Duration within) = 0;

  /// Becomes the leader if there is none. Returns the epoch, or 0: another one leads.
  virtual base::Result<std::uint64_t> campaign() = 0;

  /// Replays all that leaders before `epoch` appended; nothing of theirs comes after.
  virtual base::Result<News> catch_up(std::uint64_t epoch, Consumer& consumer) = 0;

  /// The journal of the leader of that epoch, whose catch_up() is done. Its appends fail with
  /// Fault::InUse when another leads, and with Fault::Unavailable when the store does not answer
  /// for too long; either may have been done, and the state must be dropped. For one thread, which
  /// may be another than this object's. Must not outlive this object.
  virtual std::unique_ptr<Journal> lead(std::uint64_t epoch) = 0;

  /// Batches should not be larger.
  virtual std::size_t batch_bytes() const = 0;

  // --- for a thread of the leader's that makes snapshots

  /// Loads everything into a new consumer. Returns the position it came to.
  virtual base::Result<LogPosition> replay(Consumer& consumer) = 0;
  /// Saves a snapshot of that position while `epoch` leads, and drops what is then not needed: all
  /// but two snapshots, and the batches before the older of them.
  virtual base::Result<void> save(std::uint64_t epoch, const LogPosition& position,
                                  const Snapshot& snapshot) = 0;
  virtual base::Result<StoreHealth> health() = 0;
  /// The newest one. This and tail(): from any thread.
  virtual SavedSnapshot last_snapshot() const = 0;
  virtual Tail tail() const = 0;

  // --- from any thread
  virtual void wake() = 0;
  virtual void stop() = 0;
};

}  // namespace journal
