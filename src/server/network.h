// Sockets: accepting, reading, writing, closing. What is said over them is the
// conversation's business.
//
// A socket is read when it is readable, straight into the parser's buffer, and
// written at the end of a turn of the event loop, all its answers in one call.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/config.h"
#include "server/conversation.h"

namespace server {

class Socket;

/// All of a server's listeners and sockets. Used by the loop's thread.
class Network {
 public:
  /// `turn` is called whenever a handler has given the pipeline or a socket something to do.
  Network(boost::asio::io_context& loop, Service& service, std::function<void()> turn);
  ~Network();

  /// Fault::InUse if the address is taken, Fault::Config if it lies beyond loopback.
  base::Result<void> listen(const Address& address);
  /// A socket that a dead server left behind is replaced; a living one is Fault::InUse.
  base::Result<void> listen_unix(const std::string& path);
  /// The ports of the TCP listeners, in the order of listen().
  std::vector<std::uint16_t> ports() const;

  /// Talks for another service from now on; no conversation with the one before may be left.
  void serve(Service& service) { service_ = &service; }

  void stop_accepting();
  /// Sends what conversations have let out since the last call.
  void flush();
  /// Closes what has been silent in the middle of a request.
  void check_idle(base::Time now);
  bool has_output() const { return !dirty_.empty(); }

  struct Counters {
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
    std::uint64_t closed = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  friend class Socket;
  using Stream = boost::asio::generic::stream_protocol::socket;

  template <class Acceptor>
  void accept(Acceptor& acceptor);
  template <class Acceptor>
  void accept_later(Acceptor& acceptor);
  template <class Peer>
  void adopt(Peer peer, std::string name);

  boost::asio::io_context& loop_;
  Service* service_;
  std::function<void()> turn_;
  std::vector<std::unique_ptr<boost::asio::ip::tcp::acceptor>> tcp_;
  std::unique_ptr<boost::asio::local::stream_protocol::acceptor> unix_;
  std::string unix_path_;
  boost::asio::steady_timer accept_timer_;
  std::vector<std::shared_ptr<Socket>> dirty_;
  Counters counters_;
};

}  // namespace server
