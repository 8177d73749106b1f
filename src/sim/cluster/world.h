// A world with several nodes that share one log in etcd: first chaos, then calm, in
// which one leads, the others follow, and all come to the same state.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/chance.h"
#include "sim/cluster/faults.h"
#include "sim/cluster/network.h"
#include "sim/cluster/node.h"
#include "sim/cluster/shared_witness.h"
#include "sim/judge.h"
#include "sim/timeline.h"

namespace sim {

struct ClusterReport {
  std::vector<std::string> complaints;  ///< empty: all is well
  std::uint64_t print = 0;              ///< a second run must have the same
  std::uint64_t acknowledged = 0;       ///< entries
  std::uint64_t terms = 0;              ///< of leaders
  base::Duration time;                  ///< simulated
  ClusterFaultCounts faults{};
};

class ClusterWorld {
 public:
  explicit ClusterWorld(std::uint64_t seed);
  ~ClusterWorld();

  /// Runs it from its beginning to its end; once.
  ClusterReport run();

 private:
  struct Plan {
    static Plan of(Chance& chance);
    std::uint64_t nodes = 3;
    base::Duration chaos;
    base::Duration fault_gap;
    EtcdNetwork::Terms terms;
    std::array<bool, kClusterFaults.size()> faults{};
  };

  void every_tenth_second();
  void schedule_fault();
  bool do_fault(ClusterFault fault);
  bool pause(Node& node);
  Node& some_node();
  Node* leader();
  void restart_dead_nodes();
  void be_calm();
  bool is_at_rest() const;
  void end_all();

  Chance chance_;
  const Plan plan_;
  Timeline timeline_;
  ClusterFaultCounts counts_{};
  Judge judge_;
  SharedWitness witness_;
  EtcdNetwork network_;
  std::vector<std::unique_ptr<Node>> nodes_;
  bool is_calm_ = false;
  bool is_ending_ = false;
};

}  // namespace sim
