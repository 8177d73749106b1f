// The naive model that fits a journal, and what it says of each entry.
//
// LockModel knows locks, semaphores, elections and sessions; TaskModel knows tasks,
// signals and the plainest locks. Neither knows what the other does: a lock's waiter and a
// task's runner can be in one deadlock. So each is asked until a command comes that it
// does not know, and the report then says so.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "command/entry.h"
#include "command/reply.h"
#include "state/machine.h"

namespace checker {

class LockModel;
class TaskModel;

class ModelJudge {
 public:
  ModelJudge();
  ~ModelJudge();

  /// Gives up, and says why.
  void leave(std::string why);

  /// What is wrong with the outcome of the entry, which the machine has applied; empty: nothing
  /// that a model knows of.
  std::string judge(const command::Entry& entry, const command::Outcome& outcome,
                    const state::Machine& machine);
  /// The same of what changed nothing and was not journalled.
  std::string judge_unjournalled(const command::Entry& entry, const command::Outcome& outcome);
  /// Whether holders and waiters are the same in the end.
  std::string compare_states(const state::Machine& machine) const;

  std::uint64_t judged() const { return judged_; }
  std::string name() const;

 private:
  std::unique_ptr<LockModel> locks_;
  std::unique_ptr<TaskModel> tasks_;
  std::uint64_t judged_ = 0;
  std::string why_;
};

}  // namespace checker
