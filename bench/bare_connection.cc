// See bare_connection.h.
#include "bare_connection.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "resp/request.h"

namespace bench {
namespace {

/// Longer than any measurement: nobody renews the session.
constexpr std::string_view kSessionTtlMs = "3600000";
constexpr std::size_t kReadBytes = 4096;

[[noreturn]] void fail(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

int connected_socket(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail(errno, "socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
    const int error = errno;
    close(fd);
    fail(error, "connect");
  }
  return fd;
}

}  // namespace

BareConnection::BareConnection(std::uint16_t port, Session session)
    : socket_(connected_socket(port)) {
  try {
    call({"HELLO", "3"});
    if (session == Session::Own) {
      call({"SESSION.OPEN", "TTL", kSessionTtlMs, "NAME", "bench", "ONCLOSE", "END"});
    }
  } catch (...) {
    close(socket_);
    throw;
  }
}

BareConnection::~BareConnection() { close(socket_); }

resp::Value BareConnection::call(std::initializer_list<std::string_view> words) {
  say(words);
  resp::Value reply = read();
  if (reply.is_error()) {
    throw std::runtime_error(fmt::format("{}: {}", *words.begin(), reply.text));
  }
  return reply;
}

void BareConnection::say(std::initializer_list<std::string_view> words) {
  append(words);
  flush();
}

void BareConnection::append(std::initializer_list<std::string_view> words) {
  resp::append_request(request_, std::span(words.begin(), words.size()));
}

void BareConnection::flush() {
  send_all(request_);
  request_.clear();
}

resp::Value BareConnection::read() {
  for (;;) {
    resp::Value value = read_anything();
    if (!value.is_push()) return value;
  }
}

resp::Value BareConnection::read_anything() {
  for (;;) {
    if (std::optional<resp::Value> value = replies_.next()) return std::move(*value);
    if (!replies_.error().empty()) throw std::runtime_error(replies_.error());
    receive();
  }
}

void BareConnection::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) fail(errno, "send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void BareConnection::receive() {
  const std::span<char> room = replies_.prepare(kReadBytes);
  for (;;) {
    const ssize_t got = recv(socket_, room.data(), room.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(errno, "recv");
    if (got == 0) fail(ECONNRESET, "the server closed the connection");
    replies_.commit(static_cast<std::size_t>(got));
    return;
  }
}

}  // namespace bench
