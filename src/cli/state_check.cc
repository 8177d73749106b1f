// The comparison of a replay with what was stored.
#include "cli/state_check.h"

#include <fmt/format.h>

#include <string>
#include <variant>

namespace cli {
namespace {

constexpr std::uint64_t kProgressEvery = 4096;

std::unexpected<base::Error> differs(std::string message) {
  return base::failure(base::Fault::Corrupt, std::move(message));
}

}  // namespace

base::Result<void> StateCheck::restore(const journal::Snapshot& snapshot) {
  if (auto restored = machine_.restore(snapshot.payload); !restored) return restored;
  if (machine_.running_digest() == snapshot.digest) return {};
  return differs(fmt::format("the snapshot of index {} holds another state than its digest says",
                             snapshot.index));
}

/// What apply() takes for granted.
base::Result<void> StateCheck::judge(const command::Entry& entry) const {
  if (entry.index < machine_.next_index() || entry.now < machine_.now()) {
    return differs(fmt::format("entry {} lies behind the one before it", entry.index));
  }
  const auto* configure = std::get_if<command::Configure>(&entry.command);
  if (configure == nullptr || configure->rules.version <= state::kRulesVersion) return {};
  return base::failure(base::Fault::Config,
                       fmt::format("entry {} asks for rules of version {}, and this program knows "
                                   "those up to {}: verify it with a newer turnstile",
                                   entry.index, configure->rules.version, state::kRulesVersion));
}

base::Result<void> StateCheck::replay(const journal::Record& record) {
  entry_.index = record.index;
  entry_.now = record.cluster_time;
  entry_.wall = record.wall_time;
  if (auto decoded = command::decode(record.payload, entry_); !decoded) return decoded;
  if (auto judged = judge(entry_); !judged) return judged;
  if (!machine_.apply(entry_).changed) {
    return differs(
        fmt::format("entry {} changed the state when it was journalled, and does not "
                    "in the replay",
                    entry_.index));
  }
  if (++entries_ % kProgressEvery == 0) progress_(entries_);
  return {};
}

base::Result<void> StateCheck::batch_end(std::uint64_t last_index, base::Time /*mark*/,
                                         std::uint64_t digest) {
  if (machine_.running_digest() == digest) return {};
  return differs(
      fmt::format("the state digest after entry {} is {:016x}, and {:016x} was stored "
                  "with it",
                  last_index, machine_.running_digest(), digest));
}

}  // namespace cli
