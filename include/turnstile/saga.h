// A saga: steps that run one after another, each with what undoes it. If a step fails, what
// was done is undone, in exact reverse order, and nothing else is.
//
//     turnstile::saga(client.flow("payment/8731"))
//         .step("reserve_a", {.input = order}).compensate("void_a")
//         .step("reserve_b").compensate("void_b")
//         .step("capture")
//         .declare();
//
// The steps and compensations are ordinary tasks: whoever likes runs them, by Flow::join(),
// Client::take() or a Worker, and in any language. A compensation is handed the result of the
// step that it undoes.
//
// Of steps s1 … sn it holds that the compensation ci of si runs if and only if si completed
// and a later step failed; they run in the order cn … c1, each after the one before it has
// ended. Links between steps and compensations alone cannot say that: "si completed" and "a
// step failed" are conditions of two kinds (When), and a task has one. So there is a *turn*
// before each compensation, a task that has nothing to do:
//
//     turn i   AFTER sn and c(i+1)   WHEN FAILED       runs if any step failed, for then sn
//                                                      failed or was skipped because of it
//     ci       AFTER si and turn i   WHEN COMPLETED    runs if si completed and it is its turn
//
// If all goes well the turns are skipped, and the compensations with them. Someone must run the
// turns: keep_turns() does it for all sagas of a service. What nobody runs holds the
// compensations up; it never lets a wrong one run.
//
//   - A step whose outcome is unknown (dead) has not failed: nothing is undone until somebody
//     redrives or cancels it.
//   - A step that was cancelled has not failed either, and the steps behind it are skipped:
//     nothing is undone. Who cancels a saga decides what is to be done about it.
//   - A compensation that failed does not keep those after it from running. One that is dead
//     does, until somebody has decided.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "turnstile/client.h"
#include "turnstile/error.h"
#include "turnstile/flow.h"
#include "turnstile/task_options.h"
#include "turnstile/worker.h"

namespace turnstile {

/// Gathers the steps of one saga, and declares them; one saga a flow. A plain value, to be used by
/// one thread.
class Saga {
 public:
  /// How many steps with a compensation one saga can have, the last step not counted.
  static constexpr int kCompensationsMax = 64;

  explicit Saga(Flow flow) : flow_(std::move(flow)) {}

  /// Adds a step behind those before. Throws Invalid if its options have `after` or `when`,
  /// which are the saga's to say.
  Saga& step(std::string task, TaskOptions options = {});

  /// What undoes the step added last; at most one a step. That of the last step never runs, and
  /// is not declared. Throws Invalid if there is no step, it has one already, or the options
  /// have `after` or `when`.
  Saga& compensate(std::string task, TaskOptions options = {});

  /// Declares all tasks; the first step last, so that nothing can run, and fail, before
  /// everything that follows from it is declared. May be called again, by anybody, with the same
  /// steps. Throws as Flow::add(), and Invalid if there is no step or too many compensations.
  void declare();
  Result<bool> try_declare();

  struct Task {
    std::string name;
    TaskOptions options;
  };
  /// What declare() declares, in its order.
  std::vector<Task> tasks() const;

  const Flow& flow() const noexcept { return flow_; }

 private:
  struct Step {
    Task task;
    std::optional<Task> compensation;
  };

  Flow flow_;
  std::vector<Step> steps_;
};

/// For one line of code: see above.
inline Saga saga(Flow flow) { return Saga(std::move(flow)); }

/// The names of the turns: "saga.turn.1", from the last compensation to the first, for workers in
/// other languages, who only have to complete what they take.
std::vector<std::string> turn_names();

/// Runs the turns of all sagas in flows whose names begin with `flows`, until it is destroyed.
/// One a process that runs compensations is plenty. Throws as the constructor of Worker.
Worker keep_turns(const Client& client, std::string flows = {});

}  // namespace turnstile
