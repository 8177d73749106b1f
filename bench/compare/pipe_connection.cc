// See pipe_connection.h.
#include "pipe_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <span>
#include <stdexcept>
#include <system_error>

#include "resp/request.h"

namespace bench {
namespace {

constexpr std::size_t kReadBytes = 16'384;
constexpr std::size_t kNotWhole = std::string_view::npos;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// Where the reply that begins at `at` ends; kNotWhole if more bytes must come first.
std::size_t end_of_reply(std::string_view bytes, std::size_t at) {
  const std::size_t line_end = bytes.find("\r\n", at);
  if (line_end == kNotWhole) return kNotWhole;
  const char kind = bytes[at];
  std::size_t end = line_end + 2;
  if (kind != '$' && kind != '*') return end;
  long count = 0;
  std::from_chars(bytes.data() + at + 1, bytes.data() + line_end, count);
  if (count < 0) return end;
  if (kind == '$') {
    end += static_cast<std::size_t>(count) + 2;
    return end <= bytes.size() ? end : kNotWhole;
  }
  for (; count > 0 && end != kNotWhole; --count) {
    end = end < bytes.size() ? end_of_reply(bytes, end) : kNotWhole;
  }
  return end;
}

}  // namespace

PipeConnection::PipeConnection(std::uint16_t port)
    : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (socket_ < 0) fail("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
    close(socket_);
    fail("connect");
  }
}

PipeConnection::~PipeConnection() { close(socket_); }

void PipeConnection::append(std::initializer_list<std::string_view> words) {
  resp::append_request(out_, std::span(words.begin(), words.size()));
}

void PipeConnection::flush() {
  std::string_view bytes = out_;
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) fail("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  out_.clear();
}

std::string_view PipeConnection::read() {
  if (at_ == in_.size()) {
    in_.clear();
    at_ = 0;
  }
  std::size_t end = kNotWhole;
  while (at_ == in_.size() || (end = end_of_reply(in_, at_)) == kNotWhole) receive();
  const std::string_view reply(in_.data() + at_, end - at_);
  at_ = end;
  if (reply.front() == '-') throw std::runtime_error(std::string(reply.substr(1)));
  return reply;
}

std::string_view PipeConnection::call(std::initializer_list<std::string_view> words) {
  append(words);
  flush();
  return read();
}

void PipeConnection::receive() {
  const std::size_t before = in_.size();
  in_.resize(before + kReadBytes);
  ssize_t got = 0;
  do {
    got = recv(socket_, in_.data() + before, kReadBytes, 0);
  } while (got < 0 && errno == EINTR);
  in_.resize(before + static_cast<std::size_t>(got < 0 ? 0 : got));
  if (got < 0) fail("recv");
  if (got == 0) throw std::runtime_error("the server closed the connection");
}

}  // namespace bench
