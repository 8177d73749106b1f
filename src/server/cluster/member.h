// This node's part in the cluster: a thread that loads the shared log, follows
// it, and leads when it comes to that.
//
// Everything it tells, it tells on the event loop's thread.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/result.h"
#include "journal/shared_log.h"
#include "server/cluster/peer_watch.h"
#include "server/cluster/snapshotter.h"
#include "server/cluster/topology.h"
#include "state/machine.h"

namespace server {

/// What a new leader begins with.
struct Lead {
  std::uint64_t epoch = 0;
  std::unique_ptr<state::Machine> machine;
  std::unique_ptr<journal::Journal> journal;
  journal::LogPosition position;
};

class Member {
 public:
  struct Listener {
    /// This node leads. It is to serve until an append fails, and then to call lost_lead().
    std::function<void(Lead lead)> on_lead;
    /// Leader, members, position or the like have changed.
    std::function<void(Topology topology)> on_news;
    /// The leader has looked after the store.
    std::function<void(journal::StoreHealth health)> on_health;
    /// The log is damaged, or this program cannot read it: the process must end.
    std::function<void(base::Error error)> on_failure;
  };

  Member(boost::asio::io_context& loop, std::unique_ptr<journal::SharedLog> log, std::string self,
         SnapshotRules rules, Listener listener);
  /// Gives the lead up at once, and ends the thread.
  ~Member();

  // --- from the loop's thread
  /// The leader of that epoch is dead, or so it seems: a standby takes its place. For one that is
  /// cut off from the store, if this node's own way to the store proves to be better.
  void doubt_leader(std::uint64_t epoch, Doubt doubt);
  /// What Lead gave is no more, and the journal destroyed.
  void lost_lead(std::uint64_t epoch);

  /// The epoch in which this node leads, from the very moment it was elected until it is lost.
  /// Thread-safe.
  std::uint64_t epoch_led() const { return epoch_led_; }
  /// Whether this node leads, and the store has not answered for a while. Thread-safe.
  bool is_cut_off() const;
  std::size_t batch_bytes() const { return log_->batch_bytes(); }
  bool is_store_nearly_full() const { return nearly_full_; }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Next { LoadAnew, Lead, End };

  void run();
  bool is_stopping() const { return stopping_; }
  /// Follows the log until this node leads or cannot follow any more.
  Next stand_by(state::Machine& machine);
  bool is_to_be_replaced(std::uint64_t leader);
  Next try_to_lead(journal::Consumer& consumer);
  void lead(std::unique_ptr<state::Machine> machine);
  /// The store has answered.
  void hear_store();
  bool is_lead_over(std::uint64_t epoch);
  /// What an error means for a node that only reads.
  Next judge(const base::Error& error);
  void tell_news(bool is_caught_up);
  template <class Call>
  void tell(Call call);

  boost::asio::io_context& loop_;
  const std::unique_ptr<journal::SharedLog> log_;
  const std::string self_;
  const SnapshotRules rules_;
  const Listener listener_;
  std::atomic<std::uint64_t> epoch_led_ = 0;
  std::atomic<std::uint64_t> suspected_ = 0;  ///< an epoch whose leader seems to be gone
  std::atomic<std::uint64_t> cut_off_ = 0;    ///< one whose leader said that it is cut off
  std::atomic<Clock::time_point> cut_off_said_at_{};
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> nearly_full_ = false;
  std::uint64_t terms_ = 0;
  std::atomic<Clock::time_point> heard_store_at_ = Clock::now();
  std::atomic<bool> is_surveying_ = false;  ///< as a leader, who is to hear the store all the time
  Clock::time_point suspects_from_{};       ///< earlier suspicions are not acted upon
  /// Since when the store has answered this node while the leader said that it is cut off.
  std::optional<Clock::time_point> answered_since_;
  std::mutex mutex_;
  std::condition_variable woken_;
  std::uint64_t lost_ = 0;  ///< guarded by mutex_: the epoch that the loop has lost
  bool ended_ = false;      ///< guarded by mutex_
  /// For what is posted to the loop and comes too late.
  std::shared_ptr<std::atomic<bool>> alive_ = std::make_shared<std::atomic<bool>>(true);
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace server
