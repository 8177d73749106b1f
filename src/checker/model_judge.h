// The naive model that fits a journal, and what it says of each entry.
//
// LockModel knows locks, semaphores, elections and sessions; TaskModel knows tasks,
// signals and the plainest locks. Neither knows what the other does: a lock's waiter and a
// task's runner can be in one deadlock. So each is asked until a command comes that it
// does not know, and the report then says so.
//
// The model of tasks looks at the machine, that of locks at the answers alone, so that it may run
// on a thread of its own: judging then takes the time of the slower of the two.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "checker/model_thread.h"
#include "checker/reading.h"
#include "command/entry.h"
#include "command/reply.h"
#include "state/machine.h"

namespace checker {

class LockModel;
class TaskModel;

class ModelJudge {
 public:
  enum class Threads : std::uint8_t { One, Two };

  /// What a model contradicts.
  struct Finding {
    std::string sentence;
    std::optional<Place> place;  ///< the operation, if it was not journalled
    std::uint64_t index = 0;
  };

  explicit ModelJudge(Threads threads);
  ~ModelJudge();

  /// Gives up before anything was judged, and says why.
  void leave(std::string why);

  /// The outcome of the entry, which the machine has just applied.
  void judge(const command::Entry& entry, const command::Outcome& outcome,
             const state::Machine& machine);
  /// The same of what changed nothing and was not journalled.
  void judge_unjournalled(const command::Entry& entry, const command::Outcome& outcome,
                          Place place);
  /// The first contradiction, once, as soon as it is known; nothing is judged behind it.
  std::optional<Finding> take_finding();
  /// After the last entry: what is known now, or whether holders and waiters are others in the end.
  std::optional<Finding> finish(const state::Machine& machine);

  // After finish().
  std::uint64_t judged() const { return std::max(judged_by_locks_, judged_by_tasks_); }
  std::string name() const;

 private:
  /// The first entry that a model does not know.
  struct Stranger {
    std::uint64_t index = 0;
    std::string_view kind;
  };

  void judge_locks(const command::Entry& entry, const command::Outcome& outcome,
                   std::optional<Place> place);
  void ask_locks(const command::Entry& entry, const command::Outcome& outcome,
                 std::optional<Place> place);
  void found(Finding finding);

  std::string why_;  ///< it judges nothing
  std::unique_ptr<TaskModel> tasks_;
  Stranger strange_to_tasks_;
  std::uint64_t judged_by_tasks_ = 0;

  // Of the second thread, if there is one, until it has been drained.
  std::unique_ptr<LockModel> locks_;
  Stranger strange_to_locks_;
  std::uint64_t judged_by_locks_ = 0;

  std::atomic<bool> is_over_for_locks_ = false;
  std::atomic<bool> has_found_ = false;
  std::mutex mutex_;
  std::optional<Finding> finding_;  ///< under the mutex, while it has not been taken
  std::string contradicted_;        ///< under the mutex: what it contradicted, in words

  std::unique_ptr<ModelThread> thread_;  ///< ends before what it works on
};

}  // namespace checker
