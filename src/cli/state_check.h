// Replays a journal into a state machine and checks that it arrives where the
// service was: every entry changes something again, and after each batch the
// running digest is the one that was stored. The checksums of a journal show that
// its bytes are those that were written; this shows what they mean.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "command/entry.h"
#include "journal/journal.h"
#include "state/machine.h"

namespace cli {

class StateCheck final : public journal::Consumer {
 public:
  /// `progress` is called with the number of entries so far, every few thousand of them.
  explicit StateCheck(std::function<void(std::uint64_t)> progress)
      : progress_(std::move(progress)) {}

  /// All return Fault::Corrupt with the index at which the replay differs.
  base::Result<void> restore(const journal::Snapshot& snapshot) override;
  base::Result<void> replay(const journal::Record& record) override;
  base::Result<void> batch_end(std::uint64_t last_index, base::Time mark,
                               std::uint64_t digest) override;

  /// The state arrived at.
  const state::Machine& machine() const { return machine_; }
  /// See Machine::watch().
  void watch(state::Watcher* watcher) { machine_.watch(watcher); }
  std::uint64_t entries() const { return entries_; }

 private:
  base::Result<void> judge(const command::Entry& entry) const;

  state::Machine machine_;
  std::function<void(std::uint64_t)> progress_;
  std::uint64_t entries_ = 0;
  command::Entry entry_;  // kept for its memory
};

}  // namespace cli
