// Tasks and signals as bytes, and back; the rest of the state is in snapshot.cc.
//
//     last id u64 · flows: count u32, each by its name:
//         the flow · id of the task declared last u64 (0: none)
//         tasks: count u32, each by its name: the task, its predecessors' ids
//     events, barriers, latches: count u32 each, by their names
#include <absl/container/flat_hash_set.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "state/machine.h"
#include "state/sane.h"

namespace state {

namespace {

using state::is_sane;

bool is_sane(const Task& task) {
  const bool known = task.state <= TaskState::Last && task.when <= command::When::Last &&
                     task.on_dead <= command::OnDead::Last;
  const bool timed = is_sane(task.timeout) && is_sane(task.backoff.first) &&
                     is_sane(task.backoff.max) && is_sane(task.delay) && is_sane(task.deadline) &&
                     is_sane(task.since) && is_sane(task.declared) && is_sane(task.start_at) &&
                     is_sane_or_never(task.deadline_at);
  const bool placed = !task.ready_place || is_sane(task.ready_place->virtual_arrival);
  const bool recorded =
      std::all_of(task.history.begin(), task.history.end(),
                  [](const AttemptRecord& r) { return r.end <= AttemptEnd::Last; });
  const bool counted = is_sane_count(task.attempts) && is_sane_count(task.attempts_used) &&
                       (task.attempts_used > 0 || task.state != TaskState::Running);
  return known && timed && placed && recorded && counted;
}

bool is_sane(const Event&) { return true; }
bool is_sane(const Barrier& barrier) {
  return is_sane_count(barrier.parties) && is_sane_count(barrier.shrunk);
}
bool is_sane(const Latch& latch) { return is_sane_count(latch.count) && is_sane_count(latch.left); }

}  // namespace

void Machine::save_tasks(base::ByteWriter& writer) const {
  writer(flows_.last_id(), static_cast<std::uint32_t>(flows_.all().size()));
  for (const auto& [flow_name, flow] : flows_.all()) {
    writer(*flow, flow->last_declared == nullptr ? 0 : flow->last_declared->id);
    writer(static_cast<std::uint32_t>(flow->tasks.size()));
    for (const auto& [name, task] : flow->tasks) {
      writer(*task);
      std::vector<std::uint64_t> ids;
      for (const Task* predecessor : task->predecessors) ids.push_back(predecessor->id);
      writer(ids);
    }
  }
  const auto save_all = [&](const auto& signals) {
    writer(static_cast<std::uint32_t>(signals.size()));
    for (const auto& [name, signal] : signals) writer(signal);
  };
  save_all(signal_events_);
  save_all(barriers_);
  save_all(latches_);
}

bool Machine::restore_flow(base::ByteReader& reader) {
  auto flow = std::make_unique<Flow>();
  std::uint64_t last_declared = 0;
  std::uint32_t count = 0;
  reader(*flow, last_declared, count);
  if (!is_sane_or_never(flow->forget)) return false;
  std::vector<std::unique_ptr<Task>> tasks;
  std::vector<std::vector<std::uint64_t>> predecessors;
  std::vector<std::uint64_t> ids;
  for (std::uint32_t i = 0; reader.ok() && i < count; ++i) {
    Task& task = *tasks.emplace_back(std::make_unique<Task>());
    reader(task, predecessors.emplace_back());
    if (!reader.ok() || !is_sane(task)) return false;
    ids.push_back(task.id);
  }
  if (!reader.ok()) return false;
  Flow& filed = *flow;
  if (!flows_.restore(std::move(flow), std::move(tasks))) return false;
  deadlines_.add({filed.forget, Deadline::Kind::Flow, filed.id});
  const absl::flat_hash_set<std::uint64_t> own(ids.begin(), ids.end());
  const auto is_own = [&](std::uint64_t id) { return own.contains(id); };
  if (last_declared != 0 && !is_own(last_declared)) return false;
  if (last_declared != 0) filed.last_declared = &flows_.at(last_declared);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!std::all_of(predecessors[i].begin(), predecessors[i].end(), is_own)) return false;
    Task& task = flows_.at(ids[i]);
    std::vector<Task*> linked;
    for (const std::uint64_t id : predecessors[i]) linked.push_back(&flows_.at(id));
    Flows::link(task, std::move(linked));
    flows_.recount(task);
    deadlines_.add({task.deadline_at, Deadline::Kind::TaskDeadline, task.id});
    if (task.state == TaskState::Delayed) {
      deadlines_.add({task.start_at, Deadline::Kind::TaskStart, task.id});
    }
  }
  return true;
}

bool Machine::restore_flows(base::ByteReader& reader) {
  std::uint64_t last_id = 0;
  std::uint32_t count = 0;
  reader(last_id, count);
  if (last_id >= kIndexMax) return false;
  flows_.set_last_id(last_id);
  for (std::uint32_t i = 0; reader.ok() && i < count; ++i) {
    if (!restore_flow(reader)) return false;
  }
  return reader.ok();
}

template <class S>
bool Machine::restore_signals_of(base::ByteReader& reader, Space space, Named<S>& signals) {
  std::uint32_t count = 0;
  reader(count);
  for (std::uint32_t i = 0; reader.ok() && i < count; ++i) {
    S signal;
    reader(signal);
    if (!reader.ok() || signal.id == 0 || !is_sane(signal)) return false;
    if (!is_sane_or_never(signal.forget)) return false;
    if (!signal_names_.emplace(signal.id, KeyName(space, signal.name)).second) return false;
    deadlines_.add({signal.forget, Deadline::Kind::Signal, signal.id});
    const std::string name = signal.name;
    const auto [filed, is_new] = signals.emplace(name, std::move(signal));
    if (!is_new) return false;
    recount(filed->second, bytes_of(filed->second));
  }
  return reader.ok();
}

bool Machine::restore_signals(base::ByteReader& reader) {
  return restore_signals_of(reader, Space::Event, signal_events_) &&
         restore_signals_of(reader, Space::Barrier, barriers_) &&
         restore_signals_of(reader, Space::Latch, latches_);
}

}  // namespace state
