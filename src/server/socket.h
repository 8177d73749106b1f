// One socket and the conversation it carries.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <memory>

#include "server/network.h"

namespace server {

class Socket final : public std::enable_shared_from_this<Socket> {
 public:
  Socket(Network& network, boost::asio::generic::stream_protocol::socket stream,
         std::shared_ptr<Conversation> conversation);

  void start();
  /// Sends what may be sent, closes if it is time, and goes on reading.
  void flush();

 private:
  void wait_for_input();
  void on_readable();
  void on_hang_up(const boost::system::error_code& error);
  void mark_dirty();
  bool send();
  void wait_for_room();
  void close(const std::string& why);

  Network& network_;
  boost::asio::generic::stream_protocol::socket stream_;
  std::shared_ptr<Conversation> conversation_;
  bool reading_ = false;
  bool writing_ = false;
  bool dirty_ = false;
};

}  // namespace server
