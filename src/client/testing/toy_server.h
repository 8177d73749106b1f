// For tests: a server of a few lines on a Unix socket, so that the library's
// threads and sockets can be tested in the same process. It has exclusive locks
// with queues, one session a connection, and no time.
#pragma once

#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client/testing/scripted_server.h"
#include "resp/parser.h"

namespace turnstile::client {

/// Serves from its construction to its destruction, on a thread of its own.
class ToyServer {
  using Protocol = boost::asio::local::stream_protocol;

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
  int held() const { return held_; }

 private:
  struct Connection {
    explicit Connection(Protocol::socket s) : socket(std::move(s)) {}
    Protocol::socket socket;
    resp::Parser parser;
    std::string writing;
    std::string output;
  };
  using ConnectionPtr = std::shared_ptr<Connection>;
  struct Waiter {
    std::string ticket;
    std::string request;
  };
  struct Lock {
    std::int64_t token = 0;  ///< 0: free
    std::string request;
    std::deque<Waiter> waiters;
  };

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
                                           if (!is_silent_)
                                             connection->output +=
                                                 serve({request->begin(), request->end()});
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
    for (const auto& connection : connections_) {
      boost::system::error_code ignored;
      connection->socket.close(ignored);
    }
  }

  std::string serve(const std::vector<std::string>& words) {
    if (words[0] == "HELLO") return std::string(kHelloReply);
    if (words[0] == "SESSION.OPEN") return opened(7);
    if (words[0] == "SESSION.ATTACH") return attach();
    if (words[0] == "SESSION.KEEPALIVE") return kept();
    if (words[0] == "LOCK.ACQUIRE") return acquire(words);
    if (words[0] == "LOCK.RELEASE") return release(words[1], std::stoll(words[2]));
    if (words[0] == "LOCK.CHECK") {
      return integer(locks_[words[1]].token == std::stoll(words[2]) ? 1 : 0);
    }
    if (words[0] == "CANCEL") return cancel(words[1]);
    return "+OK\r\n";
  }

  static std::string option(const std::vector<std::string>& words, std::string_view name) {
    for (std::size_t i = 2; i + 1 < words.size(); ++i) {
      if (words[i] == name) return words[i + 1];
    }
    return {};
  }

  std::string attach() {
    std::vector<std::string> grants;
    std::vector<std::string> waits;
    for (const auto& [key, lock] : locks_) {
      if (lock.token != 0) {
        grants.push_back(listed_grant(lock.token, key, std::stoll(lock.request)));
      }
      for (const auto& waiter : lock.waiters) {
        waits.push_back(listed_wait(waiter.ticket, key, std::stoll(waiter.request)));
      }
    }
    return attached(grants, waits);
  }

  std::string acquire(const std::vector<std::string>& words) {
    Lock& lock = locks_[words[1]];
    const auto request = option(words, "REQUEST");
    if (lock.token != 0 && lock.request == request) return granted(lock.token);
    if (lock.token == 0) return grant(lock, request);
    if (option(words, "WAIT").empty()) return "-BUSY held\r\n";
    for (Waiter& waiter : lock.waiters) {
      if (waiter.request != request) continue;
      waiter.ticket = option(words, "ASYNC");
      return std::string(kQueued);
    }
    lock.waiters.push_back({option(words, "ASYNC"), request});
    return std::string(kQueued);
  }

  std::string grant(Lock& lock, std::string request) {
    lock.token = ++last_token_;
    lock.request = std::move(request);
    ++held_;
    return granted(lock.token);
  }

  std::string release(const std::string& key, std::int64_t token) {
    Lock& lock = locks_[key];
    if (lock.token != token) return integer(0);
    lock.token = 0;
    --held_;
    if (!lock.waiters.empty()) {
      const auto waiter = lock.waiters.front();
      lock.waiters.pop_front();
      tell(push(waiter.ticket, grant(lock, waiter.request)));
    }
    return integer(1);
  }

  std::string cancel(const std::string& ticket) {
    for (auto& [key, lock] : locks_) {
      const auto waiting = std::erase_if(
          lock.waiters, [&](const Waiter& waiter) { return waiter.ticket == ticket; });
      if (waiting != 0) return push(ticket, "-CANCELLED withdrawn\r\n") + integer(1);
    }
    return integer(0);
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
  std::map<std::string, Lock> locks_;
  std::int64_t last_token_ = 0;
  std::atomic<int> held_{0};
  std::atomic<bool> is_silent_{false};
  std::thread thread_;
};

}  // namespace turnstile::client
