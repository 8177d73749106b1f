// A running server: the parts of this folder, put together around one event loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "journal/file_journal.h"
#include "server/clock.h"
#include "server/cluster/member.h"
#include "server/cluster/peer_watch.h"
#include "server/compactor.h"
#include "server/config.h"
#include "server/journal_thread.h"
#include "server/network.h"
#include "server/refusal_log.h"
#include "server/serve.h"
#include "server/serving.h"

namespace server {

/// Used by one thread.
class Server {
 public:
  Server(Config config, OpenSharedLog open_shared_log);

  /// Recovers the state from the journal and begins to listen. Fault::InUse, Config, Corrupt, Io.
  /// In a cluster the state comes later, with the lead.
  base::Result<void> start();
  /// Serves until a signal, or until the journal fails. The error is the journal's.
  base::Result<void> run();

 private:
  base::Result<void> open_journal();
  base::Result<void> open_files();
  base::Result<void> listen();
  base::Result<void> write_port_file() const;
  void make_pipeline(Serving& serving, base::Time last_cluster_time);
  void submit_first_entries();

  // --- server_cluster.cc: a node among others
  base::Result<void> open_cluster();
  std::unique_ptr<Serving> make_standby();
  void begin_lead(Lead lead);
  void step_down(const base::Error& why);
  void hand_over();
  void take_news(Topology topology);
  void take_health(const journal::StoreHealth& health);
  void replace_serving(std::unique_ptr<Serving> next, const std::string& why);
  void look_after_cluster();
  bool is_leading() const { return topology_ && topology_->is_leading; }

  /// Asks for end_turn() once all handlers that are ready have run.
  void schedule_turn() { turn_due_ = true; }
  void run_what_is_ready();
  void end_turn();
  void finish_append(const Appender::Done& done, const base::Result<void>& result);
  void arm_tick();
  void every_quarter_second();
  void watch_appends();
  void watch_room();
  void watch_disk();
  void set_overloaded(bool overloaded);
  void on_signal(int signal);
  void stop_when_idle();
  void on_journal_failure(const base::Error& error);
  std::string describe(std::span<const std::string> sections) const;

  const Config config_;
  const OpenSharedLog open_shared_log_;
  SystemClock clock_;
  base::Time started_;
  boost::asio::io_context loop_{1};
  std::unique_ptr<Serving> serving_;
  journal::FileJournal* file_journal_ = nullptr;  ///< serving_'s, if it is one
  std::optional<Compactor> compactor_;
  std::optional<RefusalLog> refusal_log_;
  std::optional<Network> network_;

  std::optional<Topology> topology_;  ///< in a cluster
  std::uint64_t lead_epoch_ = 0;      ///< that serving_ serves in
  std::uint64_t lead_sequence_ = 0;   ///< of the last batch before it
  std::unique_ptr<Serving> retired_;  ///< the one before, which closed connections still know
  std::optional<PeerWatch> peer_watch_;
  std::unique_ptr<Member> member_;

  boost::asio::signal_set signals_{loop_};
  boost::asio::steady_timer tick_timer_{loop_};
  boost::asio::steady_timer housekeeping_{loop_};
  base::Time armed_for_ = base::Time::never();
  bool turn_due_ = false;
  std::uint64_t quarters_ = 0;
  base::Time looked_after_;         ///< connections, and what else housekeeping does
  std::uint64_t slow_appends_ = 0;  ///< that were told of
  base::Time stop_by_ = base::Time::never();
  std::optional<base::Error> failed_;
};

}  // namespace server
