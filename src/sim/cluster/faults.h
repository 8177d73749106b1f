// What goes wrong in a world with several nodes, and how often it has.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sim {

// clang-format off
#define TURNSTILE_CLUSTER_FAULTS(X)                                        \
  X(NodeKill, "a node is killed")                                          \
  X(NodePause, "a node stands still, and wakes as a zombie")               \
  X(NodeCutOff, "a node and etcd do not hear each other")                  \
  X(NodeStop, "a node is stopped in good order, and hands over")           \
  X(Suspicion, "a leader is deposed who may be well")                      \
  X(RequestLost, "a request to etcd is lost")                              \
  X(ReplyLost, "etcd does what it is asked, and the answer is lost")       \
  X(RequestLate, "a request reaches etcd after its sender gave up")        \
  X(Lag, "a member of etcd has not come to a revision yet")                \
  X(Stall, "etcd stands still")                                            \
  X(WatchLag, "a watch lags")                                              \
  X(WatchEnd, "a watch ends, as by the compaction of what it has not told") \
  X(EtcdCompaction, "etcd forgets old revisions")                          \
  X(LeaseRevoked, "a lease is revoked by hand")                            \
  X(LeaderDeleted, "the leader's key is deleted by hand")                  \
  X(Snapshot, "a snapshot is made, and old batches are dropped")
// clang-format on

enum class ClusterFault : std::uint8_t {
#define TURNSTILE_CLUSTER_FAULT(name, what) name,
  TURNSTILE_CLUSTER_FAULTS(TURNSTILE_CLUSTER_FAULT)
#undef TURNSTILE_CLUSTER_FAULT
};

struct ClusterFaultRow {
  std::string_view name;
  std::string_view what;
};
inline constexpr auto kClusterFaults = std::to_array<ClusterFaultRow>({
#define TURNSTILE_CLUSTER_FAULT(name, what) {#name, what},
    TURNSTILE_CLUSTER_FAULTS(TURNSTILE_CLUSTER_FAULT)
#undef TURNSTILE_CLUSTER_FAULT
});

using ClusterFaultCounts = std::array<std::uint64_t, kClusterFaults.size()>;

inline std::uint64_t& count_of(ClusterFaultCounts& counts, ClusterFault fault) {
  return counts[static_cast<std::size_t>(fault)];
}

}  // namespace sim
