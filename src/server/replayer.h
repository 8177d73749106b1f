// Feeds a journal into a state machine, and believes nothing.
//
// A replay must arrive where the first run arrived: every entry must change
// something again, and after each batch the running digest must be the one that
// was stored. If not, the program or the bytes are wrong, and it refuses, naming
// the index, rather than serve from a state that clients never saw.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "command/entry.h"
#include "journal/journal.h"
#include "state/machine.h"

namespace server {

class Replayer final : public journal::Consumer {
 public:
  /// `progress` is called now and then with the number of entries replayed so far; may be empty.
  explicit Replayer(state::Machine& machine, std::function<void(std::uint64_t)> progress = {})
      : machine_(machine), progress_(std::move(progress)) {}

  base::Result<void> restore(const journal::Snapshot& snapshot) override;
  base::Result<void> replay(const journal::Record& record) override;
  base::Result<void> batch_end(std::uint64_t last_index, base::Time mark,
                               std::uint64_t digest) override;

 private:
  base::Result<void> judge(const command::Entry& entry) const;

  state::Machine& machine_;
  std::function<void(std::uint64_t)> progress_;
  std::uint64_t entries_ = 0;
  command::Entry entry_;  // kept for its memory
};

}  // namespace server
