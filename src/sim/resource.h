// What the locks of the library's clients guard. Whoever works on it says so, and
// a second one who believes at the same true time that he may is found out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/judge.h"
#include "state/machine.h"

namespace sim {

class Resource {
 public:
  /// `may_overlap`: clocks of this world stand still now and then; then only tokens keep order,
  /// and an overlap is counted, not complained of.
  Resource(Judge& judge, bool may_overlap) : judge_(judge), may_overlap_(may_overlap) {}

  struct Worker {
    std::uint64_t client = 0;
    std::uint64_t token = 0;
    bool is_shared = false;
    std::function<bool()> believes;  ///< that it still holds the lock, by its own clock
  };
  /// Somebody begins to work under a lock.
  void begin(const std::string& key, Worker worker);
  void end(const std::string& key, std::uint64_t client, std::uint64_t token);
  void forget(std::uint64_t client);

  /// T1: the server has not ended what somebody still believes in.
  void judge_believers(const state::Machine& machine);

  /// Somebody says how a task ended, and is later believed to have said so.
  void propose_result(const std::string& result) { ++proposed_[result]; }
  /// Somebody was handed a result.
  void see_result(const std::string& flow, const std::string& task, const std::string& result);

  std::uint64_t overlaps() const { return overlaps_; }
  std::uint64_t visits() const { return visits_; }

 private:
  Judge& judge_;
  const bool may_overlap_;
  std::map<std::string, std::vector<Worker>> working_;
  std::map<std::string, std::uint64_t> newest_;  ///< greatest token that was used, by key
  std::map<std::string, int> proposed_;
  std::uint64_t overlaps_ = 0;
  std::uint64_t visits_ = 0;
};

}  // namespace sim
