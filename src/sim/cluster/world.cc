// Chaos, calm, and the judgement.
#include "sim/cluster/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"
#include "journal/etcd/layout.h"

namespace sim {

using base::Duration;
using base::Time;

ClusterWorld::Plan ClusterWorld::Plan::of(Chance& chance) {
  Plan plan;
  plan.nodes = static_cast<std::uint64_t>(chance.between(2, 4));
  plan.chaos = chance.between(Duration::from_seconds(5), Duration::from_seconds(40));
  plan.fault_gap = chance.between(Duration::from_ms(50), Duration::from_ms(2'000));
  const auto share = static_cast<std::uint64_t>(chance.one_in(10) ? 0 : chance.between(20, 70));
  for (bool& fault : plan.faults) fault = chance.percent(share);
  const auto has = [&](ClusterFault fault) { return plan.faults[static_cast<std::size_t>(fault)]; };
  const auto often = [&](bool is_there, std::int64_t most) {
    return is_there ? static_cast<std::uint64_t>(chance.between(3, most)) : 0;
  };
  plan.terms.latency = chance.between(Duration::from_us(100), Duration::from_ms(10));
  plan.terms.lost_in = often(has(ClusterFault::RequestLost) || has(ClusterFault::ReplyLost), 100);
  plan.terms.late_in = often(has(ClusterFault::RequestLate), 100);
  plan.terms.lag_in = often(has(ClusterFault::Lag), 50);
  plan.terms.watch_lag_in = often(has(ClusterFault::WatchLag), 50);
  return plan;
}

ClusterWorld::ClusterWorld(std::uint64_t seed)
    : chance_(seed * 0x9E3779B97F4A7C15U + 2),
      plan_(Plan::of(chance_)),
      witness_(judge_),
      network_(timeline_, chance_.fork(), plan_.terms, counts_) {
  for (std::uint64_t i = 1; i <= plan_.nodes; ++i) {
    nodes_.push_back(std::make_unique<Node>(fmt::format("node-{}:1", i), network_, witness_, judge_,
                                            counts_, chance_.fork()));
  }
}

ClusterWorld::~ClusterWorld() = default;

ClusterReport ClusterWorld::run() {
  for (const auto& node : nodes_) node->start();
  every_tenth_second();
  schedule_fault();
  const Time calm_at = timeline_.now() + plan_.chaos;
  timeline_.at(calm_at, [this] { be_calm(); });
  const Time end = calm_at + Duration::from_seconds(120);
  while (judge_.is_content() && !(is_calm_ && is_at_rest()) && timeline_.step(end)) {
  }
  if (judge_.is_content() && !is_at_rest()) {
    std::string who;
    for (const auto& node : nodes_) {
      who += fmt::format("\n  {}: {}, epoch {}, index {} of {}", node->name(),
                         node->is_up() ? "up" : "down", node->epoch(), node->index(),
                         witness_.acknowledged());
    }
    judge_.complain("the cluster does not come to rest in calm:" + who);
  }
  end_all();
  ClusterReport report;
  report.complaints = judge_.complaints();
  report.acknowledged = witness_.acknowledged_count();
  for (const auto& node : nodes_) report.terms += node->terms();
  report.print = base::mix(witness_.print(), static_cast<std::uint64_t>(timeline_.now().us()));
  report.time = timeline_.now() - Time();
  report.faults = counts_;
  return report;
}

/// One leads, and all have come to where it is.
bool ClusterWorld::is_at_rest() const {
  const auto leads = [](const auto& node) { return node->is_up() && node->epoch() != 0; };
  const auto leader = std::ranges::find_if(nodes_, leads);
  if (leader == nodes_.end()) return false;
  return std::ranges::all_of(nodes_, [&](const auto& node) {
    return node->is_up() && node->index() == (*leader)->index() &&
           node->digest() == (*leader)->digest() && node->index() >= witness_.acknowledged();
  });
}

void ClusterWorld::end_all() {
  is_ending_ = true;
  for (const auto& node : nodes_) {
    if (node->is_up()) node->kill();
  }
  const auto has_ended = [](const auto& node) { return node->host()->has_ended(); };
  while (!std::ranges::all_of(nodes_, has_ended)) CHECK(timeline_.step(Time::never()));
}

// --- faults

/// Leases run out by themselves, and who is dead comes back.
void ClusterWorld::every_tenth_second() {
  timeline_.after(Duration::from_ms(100), [this] {
    if (is_ending_) return;
    if (!network_.is_stalled()) network_.etcd().expire(timeline_.now());
    if (is_calm_ || chance_.one_in(10)) restart_dead_nodes();
    every_tenth_second();
  });
}

void ClusterWorld::restart_dead_nodes() {
  for (const auto& node : nodes_) {
    if (!node->is_up() && node->host()->has_ended()) node->start();
  }
}

void ClusterWorld::schedule_fault() {
  timeline_.after(chance_.between(Duration::from_ms(1), plan_.fault_gap * 2), [this] {
    if (is_calm_ || is_ending_) return;
    const auto fault = static_cast<ClusterFault>(chance_.below(kClusterFaults.size()));
    const bool is_planned = plan_.faults[static_cast<std::size_t>(fault)];
    if (is_planned && do_fault(fault)) ++count_of(counts_, fault);
    schedule_fault();
  });
}

Node& ClusterWorld::some_node() {
  // Mostly who leads, for there it hurts.
  Node* leads = leader();
  return leads != nullptr && chance_.one_in(2) ? *leads : *nodes_[chance_.below(nodes_.size())];
}

Node* ClusterWorld::leader() {
  for (const auto& node : nodes_) {
    if (node->is_up() && node->epoch() != 0) return node.get();
  }
  return nullptr;
}

bool ClusterWorld::pause(Node& node) {
  if (!node.is_up() || node.host()->is_paused()) return false;
  node.host()->pause();
  const Duration length =
      chance_.one_in(3) ? chance_.between(Duration::from_seconds(2), Duration::from_seconds(90))
                        : chance_.between(Duration::from_ms(10), Duration::from_seconds(2));
  timeline_.after(length, [this, &node, host = node.host()] {
    if (node.host() == host && host->is_paused()) host->resume();
  });
  return true;
}

/// False if it could not happen now, or counts itself.
bool ClusterWorld::do_fault(ClusterFault fault) {
  const journal::etcd::Layout layout("t");
  Etcd& etcd = network_.etcd();
  Node& node = some_node();
  switch (fault) {
    case ClusterFault::NodeKill:
      if (!node.is_up()) return false;
      node.kill();
      return true;
    case ClusterFault::NodePause: return pause(node);
    case ClusterFault::NodeCutOff:
      if (!node.is_up()) return false;
      node.host()->cut_off(timeline_.now() +
                           chance_.between(Duration::from_ms(50), Duration::from_seconds(15)));
      return true;
    case ClusterFault::NodeStop:
      if (!node.is_up()) return false;
      node.stop_in_order();
      return true;
    case ClusterFault::Suspicion: node.suspect(); return false;
    case ClusterFault::Stall:
      network_.stall(timeline_.now() +
                     chance_.between(Duration::from_ms(50), Duration::from_seconds(8)));
      return true;
    case ClusterFault::WatchEnd: return network_.end_watches() > 0;
    case ClusterFault::EtcdCompaction:
      return etcd.compact(etcd.revision() - std::min(etcd.revision() - 1, chance_.between(0, 200)))
          .has_value();
    case ClusterFault::LeaseRevoked: {
      const std::int64_t lease =
          etcd.lease_of(chance_.one_in(2) ? layout.leader() : layout.member(node.name()));
      if (lease == 0) return false;
      etcd.revoke(lease);
      return true;
    }
    case ClusterFault::LeaderDeleted: {
      if (etcd.lease_of(layout.leader()) == 0) return false;
      return etcd.commit({{}, {journal::etcd::Delete{layout.leader(), {}}}, {}}).has_value();
    }
    // These happen by themselves.
    case ClusterFault::RequestLost:
    case ClusterFault::ReplyLost:
    case ClusterFault::RequestLate:
    case ClusterFault::Lag:
    case ClusterFault::WatchLag:
    case ClusterFault::Snapshot: return false;
  }
  CHECK(false);
}

void ClusterWorld::be_calm() {
  is_calm_ = true;
  network_.calm();
  for (const auto& node : nodes_) {
    node->host()->cut_off(Time());
    if (node->host()->is_paused()) node->host()->resume();
  }
  timeline_.after(Duration::from_seconds(20), [this] {
    for (const auto& node : nodes_) node->rest();
  });
}

}  // namespace sim
