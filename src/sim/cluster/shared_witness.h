// What the nodes of a world say of the one log, compared: what was answered must be
// found by everybody, in its place, and nobody may find anything else there.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "base/result.h"
#include "journal/journal.h"
#include "server/replayer.h"
#include "sim/judge.h"
#include "state/machine.h"

namespace sim {

class SharedWitness {
 public:
  explicit SharedWitness(Judge& judge) : judge_(judge) {}

  /// An append of the leader of `epoch` has returned without an error, and its answers leave.
  void acknowledge(const std::string& who, std::uint64_t epoch, const journal::Batch& batch);
  /// Somebody has read this record; `after` is the index that he stood at before.
  void read(const std::string& who, std::uint64_t after, const journal::Record& record);
  /// Somebody is about to lead, or to answer from his state, which goes as far as `index`.
  void claim(const std::string& who, const char* what, std::uint64_t acknowledged,
             std::uint64_t index);

  std::uint64_t acknowledged() const { return acknowledged_.empty() ? 0 : *acknowledged_.rbegin(); }
  /// By the leaders of earlier epochs.
  std::uint64_t acknowledged_before(std::uint64_t epoch) const;
  std::uint64_t acknowledged_count() const { return acknowledged_.size(); }
  std::uint64_t print() const { return print_; }

 private:
  bool learn(const std::string& who, const journal::Record& record);

  Judge& judge_;
  std::map<std::uint64_t, std::uint64_t> records_;  ///< index -> what it is
  std::set<std::uint64_t> acknowledged_;
  std::map<std::uint64_t, std::uint64_t> newest_of_;  ///< epoch -> the last of acknowledged_
  std::uint64_t print_ = 0;
};

/// Stands between the log and the replayer of one machine.
class WitnessedReplay final : public journal::Consumer {
 public:
  WitnessedReplay(SharedWitness& witness, std::string who, state::Machine& machine)
      : witness_(witness), who_(std::move(who)), replayer_(machine) {}

  base::Result<void> restore(const journal::Snapshot& snapshot) override {
    last_index_ = snapshot.index;
    return replayer_.restore(snapshot);
  }
  base::Result<void> replay(const journal::Record& record) override {
    witness_.read(who_, last_index_, record);
    last_index_ = record.index;
    return replayer_.replay(record);
  }
  base::Result<void> batch_end(std::uint64_t last_index, base::Time mark,
                               std::uint64_t digest) override {
    return replayer_.batch_end(last_index, mark, digest);
  }

 private:
  SharedWitness& witness_;
  const std::string who_;
  server::Replayer replayer_;
  std::uint64_t last_index_ = 0;
};

}  // namespace sim
