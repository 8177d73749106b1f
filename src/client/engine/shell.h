// The socket and the timer around a conversation. Thin: it reads, writes,
// connects and closes as the conversation wants it, and decides nothing.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/conversation/conversation.h"
#include "client/engine/boot_timer.h"

namespace turnstile::client {

/// Runs on the thread of its io_context. Destroy it after that thread has ended.
class Shell {
 public:
  /// Throws std::system_error if the system lacks a descriptor for the timer.
  Shell(boost::asio::io_context& io, Conversation::Settings settings,
        Conversation::Listener listener);

  Conversation& conversation() { return conversation_; }

  /// Does what the conversation wants after it was told something. When the conversation is
  /// closed, nothing is left to run on the io_context.
  void pump();

 private:
  using Socket = boost::asio::generic::stream_protocol::socket;
  using Address = boost::asio::generic::stream_protocol::endpoint;

  /// Lives as long as a handler of its own is pending.
  struct Connection {
    Connection(boost::asio::io_context& io, std::uint64_t number)
        : serial(number), socket(io), resolver(io), room(64 * 1024) {}

    std::uint64_t serial;
    Socket socket;
    boost::asio::ip::tcp::resolver resolver;
    std::vector<Address> addresses;
    std::size_t next_address = 0;
    std::vector<char> room;
    std::string_view unread;  ///< in room: what the conversation has not been told yet
    std::string writing;
    bool is_up = false;
  };
  using ConnectionPtr = std::shared_ptr<Connection>;

  void follow_wish();
  void hang_up();
  void look_up(const ConnectionPtr& connection);
  void try_next_address(const ConnectionPtr& connection);
  void on_up(const ConnectionPtr& connection);
  void read(const ConnectionPtr& connection);
  void take(const ConnectionPtr& connection);
  void feed(std::size_t most);
  void write(const ConnectionPtr& connection);
  void on_broken(const ConnectionPtr& connection, const boost::system::error_code& error);
  bool is_current(const ConnectionPtr& connection) const { return connection == connection_; }

  boost::asio::io_context& io_;
  Conversation conversation_;
  BootTimer timer_;
  ConnectionPtr connection_;
};

}  // namespace turnstile::client
