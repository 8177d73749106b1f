// One record at a time.
#include "server/replayer.h"

#include <fmt/format.h>

namespace server {
namespace {

constexpr std::uint64_t kProgressEvery = 100'000;

std::unexpected<base::Error> corrupt(std::string message) {
  return base::failure(base::Fault::Corrupt, std::move(message));
}

}  // namespace

base::Result<void> Replayer::restore(const journal::Snapshot& snapshot) {
  if (auto restored = machine_.restore(snapshot.payload); !restored) return restored;
  if (machine_.running_digest() != snapshot.digest || machine_.last_index() < snapshot.index) {
    return corrupt(
        fmt::format("the snapshot of index {} holds another state than it says", snapshot.index));
  }
  return {};
}

base::Result<void> Replayer::judge(const command::Entry& entry) const {
  if (entry.index < machine_.next_index() || entry.now < machine_.now()) {
    return corrupt(fmt::format("entry {} goes back behind the one before it", entry.index));
  }
  if (const auto* configure = std::get_if<command::Configure>(&entry.command)) {
    if (configure->rules.version > state::kRulesVersion) {
      return base::failure(
          base::Fault::Config,
          fmt::format("entry {} asks for rules of version {}, this program knows "
                      "{}; run a newer turnstile",
                      entry.index, configure->rules.version, state::kRulesVersion));
    }
  }
  return {};
}

base::Result<void> Replayer::replay(const journal::Record& record) {
  entry_.index = record.index;
  entry_.now = record.cluster_time;
  entry_.wall = record.wall_time;
  if (auto decoded = command::decode(record.payload, entry_); !decoded) return decoded;
  if (auto good = judge(entry_); !good) return good;
  const command::Outcome outcome = machine_.apply(entry_);
  if (!outcome.changed) {
    return corrupt(
        fmt::format("entry {} ({}) changed something when it was journalled and nothing "
                    "now: the state has drifted",
                    entry_.index, command::kind_name(command::kind_of(entry_.command))));
  }
  if (++entries_ % kProgressEvery == 0 && progress_) progress_(entries_);
  return {};
}

base::Result<void> Replayer::batch_end(std::uint64_t last_index, base::Time /*mark*/,
                                       std::uint64_t digest) {
  if (machine_.running_digest() == digest) return {};
  return corrupt(
      fmt::format("after entry {} the state differs from the one that was journalled", last_index));
}

}  // namespace server
