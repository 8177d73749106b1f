// A replay in the background that ends when the server does.
#pragma once

#include <functional>

#include "server/replayer.h"

namespace server {

class StoppableReplayer final : public journal::Consumer {
 public:
  /// `is_stopped` is asked between batches; may be empty. Fault::Unavailable: it said yes.
  StoppableReplayer(state::Machine& machine, const std::function<bool()>& is_stopped)
      : replayer_(machine), is_stopped_(is_stopped) {}

  base::Result<void> restore(const journal::Snapshot& snapshot) override {
    return replayer_.restore(snapshot);
  }
  base::Result<void> replay(const journal::Record& record) override {
    return replayer_.replay(record);
  }
  base::Result<void> batch_end(std::uint64_t last_index, base::Time mark,
                               std::uint64_t digest) override {
    if (is_stopped_ && is_stopped_()) return base::failure(base::Fault::Unavailable, "stopped");
    return replayer_.batch_end(last_index, mark, digest);
  }

 private:
  Replayer replayer_;
  const std::function<bool()>& is_stopped_;
};

}  // namespace server
