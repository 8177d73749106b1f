// One world: a server, its clients and everything that goes wrong between them,
// all from one seed. First chaos, then calm, in which everything must come to rest.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "checker/history.h"
#include "sim/faults.h"
#include "sim/judge.h"
#include "sim/library_client.h"
#include "sim/network.h"
#include "sim/plan.h"
#include "sim/recording_client.h"
#include "sim/resource.h"
#include "sim/server_process.h"
#include "sim/timeline.h"

namespace sim {

/// What came of a world.
struct Report {
  std::vector<std::string> complaints;  ///< empty: all is well
  std::uint64_t print = 0;              ///< of all that happened; a second run must have the same
  std::uint64_t operations = 0;
  std::uint64_t answered = 0;
  std::uint64_t entries = 0;
  std::uint64_t rounds = 0;    ///< of the library's clients
  std::uint64_t overlaps = 0;  ///< of clients whose clocks stood still
  base::Duration time;         ///< simulated
  FaultCounts faults;
};

class World {
 public:
  explicit World(const Plan& plan);
  ~World();

  /// Runs it from its beginning to its end; once.
  Report run();

  const checker::History& history() const { return history_; }
  const Witness& witness() const { return server_->witness(); }

 private:
  void schedule_fault();
  bool do_fault(Fault fault);
  bool pause(Process& process, bool is_frozen);
  void pause_after_sending(Process& process);
  void judge_believers();
  bool kill_a_client();
  bool break_a_connection(bool is_half);
  void be_calm();
  bool is_over() const;
  void judge_rest();
  void judge_history();
  Report report() const;
  std::uint64_t print() const;
  Process& some_client_process();

  const Plan plan_;
  Chance chance_;
  Timeline timeline_;
  FaultCounts counts_;
  Judge judge_;
  checker::History history_;
  Network network_;
  Resource resource_;
  std::unique_ptr<ServerProcess> server_;
  std::vector<std::unique_ptr<RecordingClient>> recorders_;
  std::vector<std::unique_ptr<LibraryClient>> library_clients_;
  bool is_calm_ = false;
};

}  // namespace sim
