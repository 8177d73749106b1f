// Readiness, then non-blocking calls: an idle connection holds no buffer.
#include "server/socket.h"

#include <spdlog/spdlog.h>

#include <boost/asio/buffer.hpp>

#include "base/fault_point.h"
#include "command/quote.h"

namespace server {

namespace asio = boost::asio;
using boost::system::error_code;

Socket::Socket(Network& network, asio::generic::stream_protocol::socket stream,
               std::shared_ptr<Conversation> conversation)
    : network_(network), stream_(std::move(stream)), conversation_(std::move(conversation)) {}

void Socket::start() {
  stream_.non_blocking(true);
  // The hub keeps the conversation, the conversation keeps the socket, until close().
  conversation_->set_wake([self = shared_from_this()] { self->mark_dirty(); });
  wait_for_input();
}

void Socket::wait_for_input() {
  if (reading_ || !stream_.is_open() || !conversation_->wants_input()) return;
  reading_ = true;
  stream_.async_wait(asio::socket_base::wait_read,
                     [self = shared_from_this()](const error_code& error) {
                       self->reading_ = false;
                       if (!error) self->on_readable();
                     });
}

void Socket::on_readable() {
  const auto room = conversation_->prepare();
  error_code error;
  const std::size_t size = stream_.read_some(asio::buffer(room.data(), room.size()), error);
  if (error == asio::error::would_block || error == asio::error::interrupted) {
    return wait_for_input();
  }
  if (error) return on_hang_up(error);
  conversation_->commit(size);
  network_.turn_();
  wait_for_input();
}

/// What was asked before the end is still answered, unless it waits for somebody.
void Socket::on_hang_up(const error_code& error) {
  const bool reset = error != asio::error::eof;
  if (reset || conversation_->is_blocked()) {
    close(reset ? error.message() : "the client hung up");
  } else {
    conversation_->close("the client hung up");
  }
  network_.turn_();
}

void Socket::mark_dirty() {
  if (dirty_) return;
  dirty_ = true;
  network_.dirty_.push_back(shared_from_this());
  network_.turn_();
}

void Socket::flush() {
  dirty_ = false;
  if (!stream_.is_open()) return;
  if (conversation_->is_hopeless()) return close(conversation_->closing());
  if (!writing_ && !send()) return;
  if (!conversation_->closing().empty() && conversation_->is_finished()) {
    return close(conversation_->closing());
  }
  wait_for_input();
}

/// False if the connection broke.
bool Socket::send() {
  while (!conversation_->output().empty()) {
    const std::string_view output = conversation_->output();
    FAULT_POINT("connection.before_send");
    error_code error;
    const std::size_t size = stream_.write_some(asio::buffer(output.data(), output.size()), error);
    if (error == asio::error::would_block) {
      wait_for_room();
      return true;
    }
    if (error) {
      close(error.message());
      return false;
    }
    FAULT_POINT("connection.after_send");
    conversation_->sent(size);
  }
  return true;
}

void Socket::wait_for_room() {
  writing_ = true;
  stream_.async_wait(asio::socket_base::wait_write,
                     [self = shared_from_this()](const error_code& error) {
                       self->writing_ = false;
                       if (!error) self->mark_dirty();
                     });
}

void Socket::close(const std::string& why) {
  if (!stream_.is_open()) return;
  spdlog::debug("connection {} from {} closed: {}", conversation_->id(), conversation_->peer(),
                command::quoted(why));
  error_code ignored;
  stream_.shutdown(asio::socket_base::shutdown_both, ignored);
  stream_.close(ignored);
  ++network_.counters_.closed;
  const auto self = shared_from_this();  // the wake is about to let go of this socket
  conversation_->set_wake({});
  network_.service_->hub.remove(conversation_->id());
  network_.turn_();
}

}  // namespace server
