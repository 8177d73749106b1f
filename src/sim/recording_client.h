// A client of the world that speaks the protocol by itself and writes down all it
// asks and hears, for the checker. It is rude: it pipelines, hangs up, comes back
// and repeats what it got no answer to under the same number.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "checker/history.h"
#include "resp/reply_parser.h"
#include "sim/chance.h"
#include "sim/judge.h"
#include "sim/network.h"
#include "sim/plan.h"
#include "sim/process.h"
#include "sim/requests.h"
#include "sim/timeline.h"

namespace sim {

class RecordingClient {
 public:
  RecordingClient(std::uint64_t number, Timeline& timeline, Network& network, const Plan& plan,
                  checker::History& history, Judge& judge, Chance chance);

  void start();
  /// The process dies; another one begins without its session.
  bool die();
  /// Stops taking up answers for so long.
  bool stop_reading(base::Duration length);
  bool send_garbage();
  void hurry() { left_ = std::min<std::uint64_t>(left_, 3); }
  bool is_done() const { return is_done_; }
  /// What it is waiting for, for a person.
  std::string to_string() const;
  Process& process() { return process_; }

 private:
  /// What a reply is awaited for, by its place in `history_`; or one of our own greeting.
  enum class Step : std::uint8_t { Hello, Index, Open, Trespass, Attach, Close, Operation };
  struct Awaited {
    Step step;
    std::size_t operation;
  };
  /// An operation of the session that has no outcome yet.
  struct Open {
    Wish wish;
    std::uint64_t request = 0;
  };

  void connect();
  void hang_up();
  void come_back();
  void on_connected(const std::shared_ptr<Connection>& connection);
  void on_bytes(std::string_view bytes);
  void on_value(const resp::Value& value);
  void on_reply(const Awaited& awaited, const resp::Value& value);
  void on_outcome(std::size_t operation, const resp::Value& value);
  void judge_round(const checker::Operation& operation, const resp::Value& value);
  void on_opened(const resp::Value& value);
  void lose_session();
  void go_on();
  void send_next();
  void send(const Wish& wish, std::uint64_t request);
  void write(const std::vector<std::string>& argv, Step step, std::size_t operation = 0);
  void flush();
  void ask_for_more_than_it_reads(base::Duration length);
  void watch();
  void keep_alive();
  void finish();

  const std::uint64_t number_;
  Timeline& timeline_;
  Network& network_;
  const Plan& plan_;
  checker::History& history_;
  Judge& judge_;
  Chance chance_;
  Process process_;
  Requests requests_;

  std::uint64_t left_;  ///< operations to ask for still
  std::uint64_t in_flight_max_;
  bool is_done_ = false;
  bool is_dead_ = false;  ///< until another process goes on
  bool is_closing_ = false;

  std::uint64_t session_ = 0;
  std::string secret_;
  std::uint64_t last_request_ = 0;
  std::map<std::uint64_t, Open> open_;  ///< by REQUEST number

  std::shared_ptr<Connection> connection_;
  std::uint64_t serial_ = 0;  ///< of the connection: what belongs to another one is stale
  bool is_ready_ = false;
  bool is_spoiled_ = false;  ///< garbage was sent: what comes answers who knows what
  resp::ReplyParser parser_;
  std::string output_;
  std::deque<Awaited> awaited_;
  std::map<std::string, std::size_t> by_ticket_;
  std::uint64_t last_ticket_ = 0;
  base::Time quiet_since_;    ///< when something came last
  base::Time outcome_since_;  ///< when an outcome came last
};

}  // namespace sim
