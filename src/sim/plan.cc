// Drawing a plan.
#include "sim/plan.h"

namespace sim {

using base::Duration;

namespace {

/// Limits of one to three, so that every refusal at a limit is met by the way. The naive model of
/// tasks knows few of them; where both halves meet no model judges, and all may be narrow.
void narrow(command::Limits& limits, Work work, Chance& chance) {
  const auto few = [&](std::int64_t low, std::int64_t high) { return chance.between(low, high); };
  if (work != Work::Tasks) {
    if (chance.one_in(3)) limits.waiters_per_key = few(1, 3);
    if (chance.one_in(4)) limits.waiters_per_session = few(1, 3);
    if (chance.one_in(4)) limits.grants_per_session = few(1, 4);
    if (chance.one_in(5)) limits.marks = few(1, 3);
    if (chance.one_in(5)) limits.semaphores = few(1, 3);
    if (chance.one_in(4)) limits.answers_per_session = few(2, 8);
    if (chance.one_in(4)) limits.ended_grants = few(1, 8);
    if (chance.one_in(6)) limits.hold_times = few(1, 3);
    if (chance.one_in(8)) limits.sessions = few(6, 10);
  }
  if (work == Work::Both) {
    if (chance.one_in(5)) limits.flows = few(2, 4);
    if (chance.one_in(5)) limits.tasks_per_flow = few(2, 5);
    if (chance.one_in(5)) limits.successors = few(1, 3);
    if (chance.one_in(5)) limits.signals = few(1, 3);
    if (chance.one_in(8)) limits.signal_bytes = few(50, 500);
    if (chance.one_in(8)) limits.flow_bytes = few(2'000, 20'000);
  }
  if (chance.one_in(6)) limits.results_bytes = few(20, 200);
  if (chance.one_in(4)) limits.unanswered_requests = few(1, 4);
  if (chance.one_in(5)) limits.output_bytes = few(2'000, 20'000);
}

}  // namespace

Plan Plan::of(std::uint64_t seed) {
  // Mixed, or seeds that follow one another would draw alike.
  Chance chance(seed * 0x9E3779B97F4A7C15U + 1);
  Plan plan;
  plan.seed = seed;
  // One seed in ten has no faults: then everything must simply work.
  const std::uint64_t share =
      chance.one_in(10) ? 0 : static_cast<std::uint64_t>(chance.between(15, 60));
  for (bool& fault : plan.faults) fault = chance.percent(share);
  constexpr Work kWorks[] = {Work::Locks, Work::Locks, Work::Tasks, Work::Tasks, Work::Both};
  plan.work = chance.pick(kWorks);

  plan.rules.ageing_step = chance.between(Duration::from_ms(20), Duration::from_ms(2'000));
  plan.rules.limits.ttl_min_ms = 100;
  plan.rules.slack_min = chance.between(Duration::from_ms(10), Duration::from_ms(500));
  plan.rules.limits.flow_retention_ms = chance.between(100, 60'000);
  plan.rules.limits.signal_idle_ms = chance.between(500, 100'000);
  plan.rules.limits.semaphore_idle_ms = chance.between(500, 100'000);
  narrow(plan.rules.limits, plan.work, chance);

  plan.segment_bytes = static_cast<std::uint64_t>(chance.between(2, 32)) * 4'096;
  plan.chaos = chance.between(Duration::from_seconds(5), Duration::from_seconds(60));
  plan.fault_gap = chance.between(Duration::from_ms(50), Duration::from_ms(3'000));
  plan.latency = chance.between(Duration::from_us(20), Duration::from_ms(20));
  plan.sync = chance.between(Duration::from_us(50), Duration::from_ms(10));
  plan.ttl = chance.between(Duration::from_ms(1'000), Duration::from_ms(8'000));
  plan.recorders = static_cast<std::uint64_t>(chance.between(2, 6));
  plan.operations = static_cast<std::uint64_t>(chance.between(40, 200));
  plan.library_clients = static_cast<std::uint64_t>(chance.between(0, 4));
  plan.tasks_of_work = static_cast<std::uint64_t>(chance.between(5, 40));
  plan.names = static_cast<std::uint64_t>(chance.between(1, 6));
  plan.loop_syncs = chance.one_in(2);
  return plan;
}

}  // namespace sim
