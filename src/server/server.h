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
#include "server/compactor.h"
#include "server/config.h"
#include "server/conversation.h"
#include "server/hub.h"
#include "server/journal_thread.h"
#include "server/network.h"
#include "server/pipeline.h"
#include "server/refusal_log.h"
#include "state/machine.h"

namespace server {

/// Used by one thread.
class Server {
 public:
  explicit Server(Config config);

  /// Recovers the state from the journal and begins to listen. Fault::InUse, Config, Corrupt, Io.
  base::Result<void> start();
  /// Serves until a signal, or until the journal fails. The error is the journal's.
  base::Result<void> run();

 private:
  base::Result<void> open_journal();
  base::Result<void> listen();
  base::Result<void> write_port_file() const;
  void make_pipeline(base::Time last_cluster_time);

  /// Asks for end_turn() once all handlers that are ready have run.
  void schedule_turn();
  void end_turn();
  void finish_append(const Appender::Done& done, const base::Result<void>& result);
  void arm_tick();
  void every_quarter_second();
  void watch_disk();
  void on_signal(int signal);
  void stop_when_idle();
  void on_journal_failure(const base::Error& error);
  std::string describe(std::span<const std::string> sections) const;

  const Config config_;
  SystemClock clock_;
  base::Time started_;
  boost::asio::io_context loop_{1};
  state::Machine machine_;
  std::unique_ptr<journal::Journal> journal_;
  journal::FileJournal* file_journal_ = nullptr;  ///< journal_, if it is one
  std::optional<Compactor> compactor_;
  std::optional<RefusalLog> refusal_log_;
  std::optional<Pipeline> pipeline_;
  std::unique_ptr<Appender> appender_;  // ends before the pipeline, whose batch it may be writing
  std::optional<Hub> hub_;
  std::optional<Service> service_;
  std::optional<Network> network_;
  boost::asio::signal_set signals_{loop_};
  boost::asio::steady_timer tick_timer_{loop_};
  boost::asio::steady_timer housekeeping_{loop_};
  base::Time armed_for_ = base::Time::never();
  bool turn_scheduled_ = false;
  std::uint64_t quarters_ = 0;
  base::Time stop_by_ = base::Time::never();
  std::optional<base::Error> failed_;
};

}  // namespace server
