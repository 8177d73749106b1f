// Asio, and nothing else. Each handler asks first whether its connection is
// still the one that is wanted, and reads the clock last.
#include "client/engine/shell.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "client/engine/clock.h"

namespace turnstile::client {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// A dozen grants, more than a hundred releases.
constexpr std::size_t kBytesAtOnce = 1024;
constexpr std::size_t kAll = std::string_view::npos;

}  // namespace

Shell::Shell(asio::io_context& io, Conversation::Settings settings, Conversation::Listener listener)
    : io_(io), conversation_(std::move(settings), std::move(listener)), timer_(io, [this] {
        feed(kAll);
        conversation_.on_time(boot_now());
        pump();
      }) {}

void Shell::pump() {
  follow_wish();
  if (connection_ && connection_->is_up && connection_->writing.empty()) write(connection_);
  if (conversation_.is_closed()) return timer_.stop();
  timer_.set(conversation_.next_deadline());
}

void Shell::follow_wish() {
  const auto wanted = conversation_.wanted_connection();
  if (connection_ && connection_->serial != wanted) hang_up();
  if (wanted == 0 || connection_) return;
  connection_ = std::make_shared<Connection>(io_, wanted);
  look_up(connection_);
}

void Shell::hang_up() {
  error_code ignored;
  connection_->resolver.cancel();
  connection_->socket.close(ignored);
  connection_.reset();
}

// --- connecting

void Shell::look_up(const ConnectionPtr& connection) {
  const Endpoint endpoint = conversation_.endpoint();
  if (endpoint.is_unix()) {
    // The system's own limit; Asio would throw.
    if (endpoint.path.size() < sizeof(sockaddr_un::sun_path)) {
      connection->addresses = {asio::local::stream_protocol::endpoint(endpoint.path)};
    }
    return asio::post(io_, [this, connection] { try_next_address(connection); });
  }
  error_code not_numeric;
  const auto address = asio::ip::make_address(endpoint.host, not_numeric);
  if (!not_numeric) {
    connection->addresses = {asio::ip::tcp::endpoint(address, endpoint.port)};
    return asio::post(io_, [this, connection] { try_next_address(connection); });
  }
  connection->resolver.async_resolve(
      endpoint.host, std::to_string(endpoint.port),
      [this, connection](const error_code& error, const auto& results) {
        if (!is_current(connection)) return;
        if (error) return on_broken(connection, error);
        for (const auto& result : results) connection->addresses.emplace_back(result.endpoint());
        try_next_address(connection);
      });
}

void Shell::try_next_address(const ConnectionPtr& connection) {
  if (!is_current(connection)) return;
  if (connection->next_address == connection->addresses.size()) {
    return on_broken(connection, asio::error::host_not_found);
  }
  const Address& address = connection->addresses[connection->next_address++];
  error_code ignored;
  connection->socket.close(ignored);
  connection->socket.async_connect(address, [this, connection](const error_code& error) {
    if (!is_current(connection)) return;
    if (!error) return on_up(connection);
    if (connection->next_address < connection->addresses.size()) {
      return try_next_address(connection);
    }
    on_broken(connection, error);
  });
}

void Shell::on_up(const ConnectionPtr& connection) {
  error_code ignored;  // a Unix socket has no such option
  connection->socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  connection->is_up = true;
  read(connection);
  conversation_.on_connected(boot_now());
  pump();
}

void Shell::on_broken(const ConnectionPtr& connection, const error_code& error) {
  if (!is_current(connection)) return;
  const auto why = fmt::format("{}: {}", to_string(conversation_.endpoint()), error.message());
  feed(kAll);
  hang_up();
  conversation_.on_disconnected(boot_now(), why);
  pump();
}

// --- reading and writing

void Shell::read(const ConnectionPtr& connection) {
  connection->socket.async_read_some(asio::buffer(connection->room),
                                     [this, connection](const error_code& error, std::size_t size) {
                                       if (!is_current(connection)) return;
                                       if (error) return on_broken(connection, error);
                                       connection->unread = {connection->room.data(), size};
                                       take(connection);
                                     });
}

/// What others ask for while the first of many are told their answers goes out in between, so that
/// the server has work while the rest are told. But nobody is to lose by a deadline what has come:
/// when one is due, all is told at once.
void Shell::take(const ConnectionPtr& connection) {
  if (!is_current(connection)) return;
  feed(boot_now() < conversation_.next_deadline() ? kBytesAtOnce : kAll);
  pump();
  if (!is_current(connection)) return;
  if (connection->unread.empty()) return read(connection);
  asio::post(io_, [this, connection] { take(connection); });
}

void Shell::feed(std::size_t most) {
  if (!connection_ || connection_->unread.empty()) return;
  const std::string_view bytes = connection_->unread.substr(0, most);
  connection_->unread.remove_prefix(bytes.size());
  conversation_.on_bytes(boot_now(), bytes);
}

/// Writes all that has gathered; what gathers meanwhile is the next write.
void Shell::write(const ConnectionPtr& connection) {
  connection->writing = conversation_.take_output();
  if (connection->writing.empty()) return;
  asio::async_write(connection->socket, asio::buffer(connection->writing),
                    [this, connection](const error_code& error, std::size_t) {
                      connection->writing.clear();
                      if (!is_current(connection)) return;
                      if (error) return on_broken(connection, error);
                      write(connection);
                    });
}

}  // namespace turnstile::client
