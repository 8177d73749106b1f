// One leader, one connection at a time, one question every tenth of a second.
#include "server/cluster/peer_watch.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <istream>
#include <optional>

#include "server/config.h"

namespace server {

namespace asio = boost::asio;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Tcp = asio::ip::tcp;

namespace {

constexpr std::chrono::milliseconds kBeat{100};
/// A leader that was heard and then says nothing for so long is taken for dead.
constexpr std::chrono::milliseconds kSilence{1'000};
/// While it is silent.
constexpr std::chrono::milliseconds kConnectAnewEvery{500};
/// It takes a moment from being elected to knowing it.
constexpr int kDenialsMax = 3;

}  // namespace

/// Lives as long as a handler of its own is pending.
class PeerWatch::Call : public std::enable_shared_from_this<Call> {
 public:
  Call(asio::io_context& loop, const journal::Leadership& leader, const OnDoubt& on_doubt)
      : leader_(leader), on_doubt_(on_doubt), resolver_(loop), socket_(loop), timer_(loop) {}

  void start() {
    const auto address = parse_address(leader_.node);
    if (!address) return;  // its lease will tell
    address_ = *address;
    connect();
    beat();
  }

  void stop() {
    stopped_ = true;
    error_code ignored;
    socket_.close(ignored);
    resolver_.cancel();
    timer_.cancel();
  }

 private:
  void beat() {
    timer_.expires_after(kBeat);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (error || self->stopped_) return;
      self->judge();
      if (!self->stopped_ && !self->is_asking_) self->ask();
      if (!self->stopped_) self->beat();
    });
  }

  void judge() {
    const auto now = Clock::now();
    const bool is_silent = heard_at_ && now - *heard_at_ >= kSilence;
    // Who was never heard may be well and only out of reach for this node; but a host that says
    // that nobody listens there is believed after a while.
    const bool is_refused = refused_since_ && now - *refused_since_ >= kSilence;
    if (is_silent || is_refused || denials_ >= kDenialsMax) on_doubt_(leader_.epoch, Doubt::Gone);
    // After a cut TCP tries again late, and the later the longer the cut was. Connections that are
    // made anew again and again hear a leader that is well as soon as it is in reach.
    if (is_asking_ && now - asked_at_ >= (is_silent ? kConnectAnewEvery : kSilence)) hang_up();
  }

  /// What is under way ends with an error.
  void hang_up() {
    error_code ignored;
    resolver_.cancel();
    socket_.close(ignored);
  }

  void connect() {
    is_asking_ = true;
    asked_at_ = Clock::now();
    resolver_.async_resolve(address_.host, std::to_string(address_.port),
                            [self = shared_from_this()](const error_code& error,
                                                        const Tcp::resolver::results_type& at) {
                              if (self->stopped_) return;
                              if (error) return self->on_broken(error);
                              asio::async_connect(
                                  self->socket_, at,
                                  [self](const error_code& failed, const Tcp::endpoint&) {
                                    if (self->stopped_) return;
                                    if (failed) return self->on_broken(failed);
                                    self->is_connected_ = true;
                                    error_code ignored;
                                    self->socket_.set_option(Tcp::no_delay(true), ignored);
                                    self->ask();
                                  });
                            });
  }

  void ask() {
    if (!is_connected_) return connect();
    is_asking_ = true;
    asked_at_ = Clock::now();
    static constexpr std::string_view kQuestion = "CLUSTER EPOCH\r\n";
    asio::async_write(socket_, asio::buffer(kQuestion),
                      [self = shared_from_this()](const error_code& error, std::size_t) {
                        if (self->stopped_) return;
                        if (error) return self->on_broken(error);
                        self->listen();
                      });
  }

  void listen() {
    asio::async_read_until(socket_, asio::dynamic_buffer(answer_, 4096), "\r\n",
                           [self = shared_from_this()](const error_code& error, std::size_t size) {
                             if (self->stopped_) return;
                             if (error) return self->on_broken(error);
                             self->is_asking_ = false;
                             self->on_answer(self->answer_.substr(0, size - 2));
                             self->answer_.erase(0, size);
                           });
  }

  void on_answer(const std::string& line) {
    refused_since_.reset();
    const bool is_cut_off = line == ":-" + std::to_string(leader_.epoch);
    if (!is_cut_off && line != ":" + std::to_string(leader_.epoch)) {
      ++denials_;
      return;
    }
    heard_at_ = Clock::now();
    denials_ = 0;
    if (is_cut_off) on_doubt_(leader_.epoch, Doubt::CutOff);
  }

  /// A process that dies takes its connections along; whether it has died shows when one asks for
  /// another connection.
  void on_broken(const error_code& error) {
    error_code ignored;
    socket_.close(ignored);
    answer_.clear();
    is_asking_ = false;
    const bool was_connected = std::exchange(is_connected_, false);
    if (was_connected && heard_at_) return connect();
    if (error != asio::error::connection_refused) return;
    if (!refused_since_) refused_since_ = Clock::now();
    if (heard_at_) on_doubt_(leader_.epoch, Doubt::Gone);
  }

  const journal::Leadership leader_;
  const OnDoubt& on_doubt_;
  Address address_;
  Tcp::resolver resolver_;
  Tcp::socket socket_;
  asio::steady_timer timer_;
  std::string answer_;
  bool stopped_ = false;
  bool is_connected_ = false;
  bool is_asking_ = false;
  Clock::time_point asked_at_;
  std::optional<Clock::time_point> heard_at_;
  std::optional<Clock::time_point> refused_since_;
  int denials_ = 0;
};

PeerWatch::PeerWatch(asio::io_context& loop, OnDoubt on_doubt)
    : loop_(loop), on_doubt_(std::move(on_doubt)) {}

PeerWatch::~PeerWatch() { watch({}); }

void PeerWatch::watch(const journal::Leadership& leader) {
  if (leader.epoch == epoch_) return;
  epoch_ = leader.epoch;
  if (call_) call_->stop();
  call_.reset();
  if (epoch_ == 0) return;
  call_ = std::make_shared<Call>(loop_, leader, on_doubt_);
  call_->start();
}

}  // namespace server
