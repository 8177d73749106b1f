// The check of a history, exact and in O(n log n), in three layers: the order of
// real time, the promises that the answers alone show, and, if there is one, the
// journal as the witness of every answer.
//
//     Check check(history);
//     for (const command::Entry& entry : entries) check.witness().replay(entry);
//     const Report report = check.finish();
#pragma once

#include <optional>

#include "checker/history.h"
#include "checker/reading.h"
#include "checker/report.h"
#include "checker/witness.h"

namespace checker {

class Check {
 public:
  /// The history lives as long as this.
  /// With two threads the naive model judges beside the replay.
  explicit Check(const History& history, ModelJudge::Threads threads = ModelJudge::Threads::One);

  /// Who gets the journal; the first call says that there is one.
  WitnessCheck& witness();

  Report finish();

 private:
  Reading reading_;
  Report report_;
  ModelJudge::Threads threads_;
  std::optional<WitnessCheck> witness_;
};

}  // namespace checker
