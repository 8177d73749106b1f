// Choosing a model, and asking it.
#include "checker/model_judge.h"

#include <fmt/format.h>

#include <type_traits>
#include <utility>
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

ModelJudge::ModelJudge(Threads threads)
    : tasks_(std::make_unique<TaskModel>()), locks_(std::make_unique<LockModel>()) {
  if (threads == Threads::Two) thread_ = std::make_unique<ModelThread>();
}

ModelJudge::~ModelJudge() = default;

void ModelJudge::leave(std::string why) {
  locks_.reset();
  tasks_.reset();
  is_over_for_locks_ = true;
  why_ = std::move(why);
}

void ModelJudge::judge(const Entry& entry, const Outcome& outcome, const state::Machine& machine) {
  if (has_found_) return;
  ask_locks(entry, outcome, std::nullopt);
  if (!tasks_ || has_found_) return;
  if (!is_known_to_tasks(entry)) {
    tasks_.reset();
    strange_to_tasks_ = {entry.index, kind_name(kind_of(entry.command))};
    return;
  }
  ++judged_by_tasks_;
  std::string wrong =
      differs(tasks_->apply(entry, outcome, machine), TaskModel::answer_of(outcome));
  if (!wrong.empty()) found({std::move(wrong), std::nullopt, entry.index});
}

void ModelJudge::judge_unjournalled(const Entry& entry, const Outcome& outcome, Place place) {
  if (!has_found_ && is_known_to_locks(entry.command)) ask_locks(entry, outcome, place);
}

void ModelJudge::ask_locks(const Entry& entry, const Outcome& outcome, std::optional<Place> place) {
  if (is_over_for_locks_) return;
  if (!thread_) return judge_locks(entry, outcome, place);
  thread_->ask([this, entry, outcome, place] { judge_locks(entry, outcome, place); });
}

void ModelJudge::judge_locks(const Entry& entry, const Outcome& outcome,
                             std::optional<Place> place) {
  if (!locks_ || has_found_) return;
  if (!is_known_to_locks(entry.command)) {
    locks_.reset();
    strange_to_locks_ = {entry.index, kind_name(kind_of(entry.command))};
    is_over_for_locks_ = true;
    return;
  }
  if (!place) ++judged_by_locks_;
  std::string wrong = disagreement(locks_->apply(entry, outcome), outcome);
  if (!wrong.empty()) found({std::move(wrong), place, place ? entry.index - 1 : entry.index});
}

void ModelJudge::found(Finding finding) {
  const std::lock_guard lock(mutex_);
  if (has_found_) return;
  contradicted_ =
      fmt::format("entry {}, {} it contradicts", finding.index, finding.place ? "where" : "which");
  finding_ = std::move(finding);
  has_found_ = true;
}

std::optional<ModelJudge::Finding> ModelJudge::take_finding() {
  if (!has_found_) return std::nullopt;
  const std::lock_guard lock(mutex_);
  return std::exchange(finding_, std::nullopt);
}

std::optional<ModelJudge::Finding> ModelJudge::finish(const state::Machine& machine) {
  if (thread_) thread_->drain();
  if (has_found_) return take_finding();
  std::string wrong;
  if (locks_) wrong = MachineView(machine).disagreement(locks_->state());
  if (wrong.empty() && tasks_) wrong = tasks_->difference(machine);
  if (wrong.empty()) return std::nullopt;
  return Finding{"in the end: " + wrong, std::nullopt, machine.last_index()};
}

std::string ModelJudge::name() const {
  if (!why_.empty()) return why_;
  if (!contradicted_.empty()) return "none behind " + contradicted_;
  if (locks_) return "locks";
  if (tasks_) return "tasks and signals";
  const Stranger& last =
      strange_to_locks_.index > strange_to_tasks_.index ? strange_to_locks_ : strange_to_tasks_;
  return fmt::format("none from entry {} on: no model knows {} together with what was before",
                     last.index, last.kind);
}

}  // namespace checker
