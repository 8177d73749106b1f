// For tests: a server of a few lines on a Unix socket, so that the library's
// threads and sockets can be tested in the same process. It serves one client.
#pragma once

#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client/testing/toy_state.h"
#include "resp/parser.h"

namespace turnstile::client {

/// Serves from its construction to its destruction, on a thread of its own.
class ToyServer {
  using Protocol = boost::asio::local::stream_protocol;

  template <class Function>
  auto look(Function function) const {
    const std::lock_guard lock(mutex_);
    return function(state_);
  }

 public:
  ToyServer() : path_(fmt::format("/tmp/turnstile-toy-{}-{}", getpid(), ++count_)) {
    ::unlink(path_.c_str());
    acceptor_ = std::make_unique<Protocol::acceptor>(io_, Protocol::endpoint(path_));
    accept();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~ToyServer() {
    boost::asio::post(io_, [this] {
      acceptor_->close();
      hang_up();
    });
    thread_.join();
    ::unlink(path_.c_str());
  }
  ToyServer(const ToyServer&) = delete;
  ToyServer& operator=(const ToyServer&) = delete;

  std::string url() const { return "unix:" + path_; }

  /// Breaks all connections; what is held and waited for stays.
  void break_connections() {
    boost::asio::post(io_, [this] { hang_up(); });
  }
  /// Answers nothing any more.
  void fall_silent() { is_silent_ = true; }
  /// How many grants were not given back.
  int held() const {
    return look([](const ToyState& state) { return state.held(); });
  }
  /// How many sessions were opened.
  int sessions() const {
    return look([](const ToyState& state) { return state.sessions(); });
  }
  /// The agent of the latest acquisition.
  std::string agent() const {
    return look([](const ToyState& state) { return state.agent(); });
  }
  bool is_observed(const std::string& election) const {
    return look([&](const ToyState& state) { return state.is_observed(election); });
  }

  /// When the next request of that name has come the connection breaks, before or after it is
  /// applied; its answer is lost.
  enum class Cut { Before, After };
  void cut_at(const std::string& command, Cut when) {
    const std::lock_guard lock(mutex_);
    cut_ = {command, when};
  }
  /// Whether that has happened.
  bool is_cut() const {
    const std::lock_guard lock(mutex_);
    return cut_.first.empty();
  }
  /// Looks at the tasks, or does something to them.
  template <class Function>
  auto tasks(Function function) {
    const std::lock_guard lock(mutex_);
    return function(state_.tasks);
  }
  void end_session() {
    meddle([](ToyState& state) { state.end_session(); });
  }
  void preempt_task(std::int64_t token) {
    meddle([=](ToyState& state) { state.preempt_task(token); });
  }
  void break_barrier(const std::string& name) {
    meddle([=](ToyState& state) { state.signals.break_barrier(name); });
  }

  /// Asks the holders of a lock to leave, or takes that back.
  void preempt(const std::string& key, bool is_withdrawn = false) {
    meddle([=](ToyState& state) { state.preempt(key, is_withdrawn); });
  }
  /// Takes a lock from its holders.
  void revoke(const std::string& key) {
    meddle([=](ToyState& state) { state.revoke(key); });
  }

 private:
  struct Connection {
    explicit Connection(Protocol::socket s) : socket(std::move(s)) {}
    Protocol::socket socket;
    resp::Parser parser;
    std::string writing;
    std::string output;
  };
  using ConnectionPtr = std::shared_ptr<Connection>;
  void accept() {
    acceptor_->async_accept([this](const auto& error, Protocol::socket socket) {
      if (error) return;
      auto connection = std::make_shared<Connection>(std::move(socket));
      connections_.insert(connection);
      latest_ = connection;
      read(connection);
      accept();
    });
  }

  void read(const ConnectionPtr& connection) {
    const auto room = connection->parser.prepare(4'096);
    connection->socket.async_read_some(boost::asio::buffer(room.data(), room.size()),
                                       [this, connection](const auto& error, std::size_t size) {
                                         if (error) {
                                           connections_.erase(connection);
                                           return;
                                         }
                                         connection->parser.commit(size);
                                         while (const auto request = connection->parser.next()) {
                                           const ToyState::Words words(request->begin(),
                                                                       request->end());
                                           if (cut(words)) return hang_up();
                                           if (!is_silent_) connection->output += serve(words);
                                         }
                                         write(connection);
                                         read(connection);
                                       });
  }

  void write(const ConnectionPtr& connection) {
    if (!connection->writing.empty() || connection->output.empty()) return;
    connection->writing.swap(connection->output);
    boost::asio::async_write(connection->socket, boost::asio::buffer(connection->writing),
                             [this, connection](const auto& error, std::size_t) {
                               connection->writing.clear();
                               if (!error) write(connection);
                             });
  }

  void hang_up() {
    std::unique_lock lock(mutex_);
    state_.forget_observers();
    lock.unlock();
    for (const auto& connection : connections_) {
      boost::system::error_code ignored;
      connection->socket.close(ignored);
    }
  }

  /// The reply goes before what others are told of it.
  std::string serve(const ToyState::Words& words) {
    const std::lock_guard lock(mutex_);
    const std::string reply = state_.serve(words);
    return reply + state_.take_pushes();
  }

  bool cut(const ToyState::Words& words) {
    const std::lock_guard lock(mutex_);
    if (cut_.first != words[0]) return false;
    if (std::exchange(cut_, {}).second == Cut::After) state_.serve(words);
    return true;
  }

  /// Does something to the state and tells the client what came of it.
  template <class Function>
  void meddle(Function function) {
    boost::asio::post(io_, [this, function] {
      std::unique_lock lock(mutex_);
      function(state_);
      const std::string pushes = state_.take_pushes();
      lock.unlock();
      tell(pushes);
    });
  }

  void tell(const std::string& bytes) {
    const auto connection = latest_.lock();
    if (!connection || is_silent_) return;
    connection->output += bytes;
    write(connection);
  }

  static inline std::atomic<int> count_{0};
  std::string path_;
  boost::asio::io_context io_{1};
  std::unique_ptr<Protocol::acceptor> acceptor_;
  std::set<ConnectionPtr> connections_;
  std::weak_ptr<Connection> latest_;
  mutable std::mutex mutex_;
  ToyState state_;
  std::pair<std::string, Cut> cut_;
  std::atomic<bool> is_silent_{false};
  std::thread thread_;
};

}  // namespace turnstile::client
