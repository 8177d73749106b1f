// Choosing a model, and asking it.
#include "checker/model_judge.h"

#include <fmt/format.h>

#include <type_traits>
#include <variant>

#include "checker/lock_agreement.h"
#include "checker/lock_model.h"
#include "checker/task_model.h"

namespace checker {
namespace {

using namespace command;  // NOLINT: nearly all of its commands

template <class C, class... Cs>
constexpr bool kIsOneOf = (std::is_same_v<C, Cs> || ...);

template <class C>
constexpr bool kIsOfTasks =
    kIsOneOf<C, TaskAdd, TaskJoin, TaskTake, TaskComplete, TaskFail, TaskRelease, TaskExtend,
             TaskResult, TaskCancel, TaskRedrive, FlowCancel, FlowClose>;

template <class C>
constexpr bool kIsOfSignals = kIsOneOf<C, EventSet, EventReset, EventWait, EventInfo, BarrierArrive,
                                       BarrierInfo, LatchSet, LatchCountdown, LatchWait, LatchInfo>;

/// All but tasks and signals, and what is told about them.
bool is_known_to_locks(const Command& command) {
  return std::visit(
      []<class C>(const C&) {
        return !kIsOfTasks<C> && !kIsOfSignals<C> && !kIsOneOf<C, TaskWhy, FlowInfo, FlowList>;
      },
      command);
}

/// One key, exclusive, for a session, and nothing else said.
bool is_plain(const LockAcquire& acquire) {
  return acquire.keys.size() == 1 && !acquire.keys.front().shared && !acquire.lease &&
         acquire.owner.empty() && !acquire.preemption && acquire.priority == 0 && !acquire.within &&
         acquire.on_loss == OnLoss{};
}

/// The model has no limits on waits, holds and answers; at their usual values nobody meets them.
bool has_usual_limits(const Configure& configure) {
  const Limits& limits = configure.rules.limits;
  const Limits usual;
  return limits.sessions >= usual.sessions && limits.waiters_per_key >= usual.waiters_per_key &&
         limits.waiters_per_session >= usual.waiters_per_session &&
         limits.grants_per_session >= usual.grants_per_session &&
         limits.answers_per_session >= usual.answers_per_session && limits.flows >= usual.flows &&
         limits.flow_bytes >= usual.flow_bytes && limits.tasks_per_flow >= usual.tasks_per_flow &&
         limits.successors >= usual.successors;
}

bool is_known_to_tasks(const Entry& entry) {
  if (const auto* configure = std::get_if<Configure>(&entry.command)) {
    return has_usual_limits(*configure);
  }
  if (const auto* acquire = std::get_if<LockAcquire>(&entry.command)) {
    return is_plain(*acquire) && entry.origin.session != 0;
  }
  return std::visit(
      []<class C>(const C&) {
        return kIsOfTasks<C> || kIsOfSignals<C> ||
               kIsOneOf<C, LockRelease, SessionOpen, SessionAttach, SessionKeepAlive, SessionClose,
                        Disconnect, Start, Tick, Cancel, Configure>;
      },
      entry.command);
}

std::string differs(const TaskModel::Answer& expected, const TaskModel::Answer& actual) {
  if (expected == actual) return {};
  const auto text = [](const TaskModel::Answer& answer) {
    std::string all = fmt::format("{}{}", answer.changed ? "" : "unchanged: ", answer.reply);
    for (const auto& event : answer.grants) all += "; " + event;
    for (const auto& event : answer.others) all += "; " + event;
    return all;
  };
  return fmt::format("the machine: {}\n  the promises: {}", text(actual), text(expected));
}

}  // namespace

ModelJudge::ModelJudge()
    : locks_(std::make_unique<LockModel>()), tasks_(std::make_unique<TaskModel>()) {}
ModelJudge::~ModelJudge() = default;

void ModelJudge::leave(std::string why) {
  locks_.reset();
  tasks_.reset();
  why_ = std::move(why);
}

std::string ModelJudge::judge(const Entry& entry, const Outcome& outcome,
                              const state::Machine& machine) {
  if (!is_known_to_locks(entry.command)) locks_.reset();
  if (!is_known_to_tasks(entry)) tasks_.reset();
  if (!locks_ && !tasks_) {
    if (why_.empty()) {
      why_ = fmt::format("none from entry {} on: no model knows {} together with what was before",
                         entry.index, kind_name(kind_of(entry.command)));
    }
    return {};
  }
  ++judged_;
  std::string wrong;
  if (locks_) wrong = disagreement(locks_->apply(entry, outcome), outcome);
  if (tasks_) {
    const std::string other =
        differs(tasks_->apply(entry, outcome, machine), TaskModel::answer_of(outcome));
    if (wrong.empty()) wrong = other;
  }
  return wrong;
}

std::string ModelJudge::judge_unjournalled(const Entry& entry, const Outcome& outcome) {
  if (!locks_ || !is_known_to_locks(entry.command)) return {};
  return disagreement(locks_->apply(entry, outcome), outcome);
}

std::string ModelJudge::compare_states(const state::Machine& machine) const {
  std::string wrong;
  if (locks_) wrong = MachineView(machine).disagreement(locks_->state());
  if (wrong.empty() && tasks_) wrong = tasks_->difference(machine);
  return wrong;
}

std::string ModelJudge::name() const {
  if (locks_) return "locks";
  if (tasks_) return "tasks and signals";
  return why_;
}

}  // namespace checker
