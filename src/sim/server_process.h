// The server of a world: the real machine, pipeline, hub, conversations and file
// journal, with a loop, sockets, a disk and a clock that are made up. It mirrors
// what server::Server does with Asio around the same parts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/memory_disk.h"
#include "sim/chance.h"
#include "sim/faults.h"
#include "sim/judge.h"
#include "sim/network.h"
#include "sim/plan.h"
#include "sim/process.h"
#include "sim/timeline.h"
#include "sim/witness.h"
#include "state/machine.h"

namespace server {
class Conversation;
}

namespace sim {

class ServerProcess {
 public:
  ServerProcess(Timeline& timeline, Network& network, const Plan& plan, FaultCounts& counts,
                Judge& judge, Chance chance);
  ~ServerProcess();

  /// Recovers and serves; if that fails for a fault of the world's, again later.
  void start();
  bool is_up() const { return life_ != nullptr; }

  // --- faults; false: it could not happen now
  enum class Death { Kill, PowerLoss };
  /// It dies now, an append that is under way at a random point of it, and comes back later.
  bool die(Death how);
  /// It dies inside one of its next calls to the disk, which is counted when it happens.
  void die_in_call(Death how, std::optional<Fault> counted_as);
  /// It dies inside the write of its next batch that has several sectors.
  void tear_next_write() { tears_next_write_ = true; }
  /// Power is lost as soon as a change to the directory has not been synced yet.
  void lose_power_and_names();
  /// One of its next calls to the disk fails.
  bool fail_disk(bool is_full);
  void run_out_of_space(base::Duration length);
  /// Bits change while it is down: a recovery must refuse, or find all the same.
  void try_recovery_with_rot();
  bool stop_in_order();
  void slow_down_disk(base::Duration sync, base::Duration length);
  void compact();
  /// From now on nothing goes wrong by itself.
  void calm() { is_calm_ = true; }

  Process& process() { return process_; }
  const Witness& witness() const { return witness_; }
  /// Null while it is down.
  const state::Machine* machine() const;
  /// Its connections, and whether all of their answers have been sent.
  bool is_at_rest() const;

 private:
  struct Life;
  class Socket;
  class DiskAppender;

  base::Result<void> recover(Life& life);
  void accept(const std::shared_ptr<Connection>& connection);
  void schedule_turn();
  void end_turn();
  void arm_tick();
  void every_quarter_second();
  void end_life(bool is_heard);
  void come_back();
  void lose_power_soon();
  void check_machine();
  void check_output(const server::Conversation& conversation);
  void tear_if_due(const journal::Batch& batch);
  void set_deadly_fault(Death how, std::optional<Fault> counted_as, std::int64_t at_call,
                        bool at_unsynced_name);
  std::function<bool(std::uint64_t)> what_is_left_of_a_write();
  std::size_t place_of_rot(std::string_view bytes);

  Timeline& timeline_;
  Network& network_;
  const Plan& plan_;
  FaultCounts& counts_;
  Judge& judge_;
  Chance chance_;
  Process process_;
  journal::MemoryFiles files_;
  Witness witness_;
  std::shared_ptr<Life> life_;
  base::Duration slow_sync_;
  base::Time slow_until_;
  bool is_calm_ = false;
  bool dies_in_call_ = false;  ///< a fault that kills is set on the disk
  bool fails_in_call_ = false;
  bool tears_next_write_ = false;
  std::optional<Fault> counted_as_;  ///< what it is when that fault hits
};

}  // namespace sim
