// One node of a world's cluster: the real shared log, and around it a thread's life
// as server::Member leads it, with a leader that makes entries up instead of clients.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "journal/shared_log.h"
#include "sim/chance.h"
#include "sim/cluster/actor.h"
#include "sim/cluster/network.h"
#include "sim/cluster/shared_witness.h"
#include "sim/judge.h"
#include "state/machine.h"

namespace sim {

class Node {
 public:
  Node(std::string name, EtcdNetwork& network, SharedWitness& witness, Judge& judge,
       ClusterFaultCounts& counts, Chance chance);

  /// A new process begins on a new host.
  void start();
  /// Its process ends where it stands; what it has sent is under way.
  void kill();
  /// Gives the lead up, if it leads, and ends.
  void stop_in_order() { is_stopping_ = true; }
  /// If it leads, it makes no more entries.
  void rest() { is_resting_ = true; }
  /// It believes that who leads is gone.
  void suspect() { suspects_ = true; }

  Host* host() { return host_; }
  bool is_up() const { return host_ != nullptr && !host_->is_dead() && !host_->has_ended(); }
  const std::string& name() const { return name_; }
  /// The epoch it leads in, 0 if it does not.
  std::uint64_t epoch() const { return epoch_; }
  std::uint64_t terms() const { return terms_; }
  /// Up to where its machine has come, and the state's digest there.
  std::uint64_t index() const { return index_; }
  std::uint64_t digest() const { return digest_; }

 private:
  enum class Next { LoadAnew, Lead, End };

  bool is_ending() const { return host_->is_dead() || is_stopping_; }
  void live();
  void serve(journal::SharedLog& log);
  Next stand_by(journal::SharedLog& log, state::Machine& machine, journal::Consumer& consumer);
  Next try_to_lead(journal::SharedLog& log, state::Machine& machine, journal::Consumer& consumer);
  void lead(journal::SharedLog& log, state::Machine& machine);
  bool append(journal::Journal& journal, state::Machine& machine, const journal::Batch& batch);
  bool answer_a_read(journal::Journal& journal, const state::Machine& machine);
  void make_snapshots(journal::SharedLog& log, const bool& is_over);
  Next judge_error(const base::Error& error);
  void note(const state::Machine& machine);

  const std::string name_;
  EtcdNetwork& network_;
  SharedWitness& witness_;
  Judge& judge_;
  ClusterFaultCounts& counts_;
  Chance chance_;
  /// Of all its processes: what the former ones sent is under way still.
  std::vector<std::unique_ptr<Host>> hosts_;
  Host* host_ = nullptr;               ///< of the present one
  journal::SharedLog* log_ = nullptr;  ///< of the process that lives
  bool is_stopping_ = false;
  bool is_resting_ = false;
  bool suspects_ = false;
  std::uint64_t epoch_ = 0;
  std::uint64_t terms_ = 0;
  std::uint64_t index_ = 0;
  std::uint64_t digest_ = 0;
};

}  // namespace sim
