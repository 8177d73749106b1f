// Listeners.
#include "server/network.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/write.hpp>
#include <type_traits>

#include "server/socket.h"

namespace server {

namespace asio = boost::asio;
using base::Fault;
using base::Result;
using boost::system::error_code;
using Local = asio::local::stream_protocol;
using Tcp = asio::ip::tcp;

Network::Network(asio::io_context& loop, Service& service, std::function<void()> turn)
    : loop_(loop), service_(&service), turn_(std::move(turn)), accept_timer_(loop) {}

/// A conversation that is still open keeps its socket, and the socket its conversation.
Network::~Network() {
  stop_accepting();
  for (const auto& [id, conversation] : service_->hub.conversations()) conversation->set_wake({});
}

namespace {

Result<asio::ip::address> resolve(asio::io_context& loop, const std::string& host) {
  error_code error;
  const auto literal = asio::ip::make_address(host, error);
  if (!error) return literal;
  Tcp::resolver resolver(loop);
  const auto found = resolver.resolve(host, "", error);
  if (error || found.empty()) {
    return base::failure(Fault::Config,
                         fmt::format("cannot resolve \"{}\": {}", host, error.message()));
  }
  return found.begin()->endpoint().address();
}

/// Whether somebody answers on the Unix socket.
bool is_alive(asio::io_context& loop, const std::string& path) {
  Local::socket probe(loop);
  error_code error;
  probe.connect(Local::endpoint(path), error);
  return !error;
}

}  // namespace

Result<void> Network::listen(const Address& address) {
  const auto ip = resolve(loop_, address.host);
  if (!ip) return std::unexpected(ip.error());
  if (!ip->is_loopback()) {
    return base::failure(
        Fault::Config,
        fmt::format("refusing to listen on {}: it is reachable from other machines, and without "
                    "authentication and TLS anybody there could take and free locks; listen on "
                    "127.0.0.1, ::1 or a Unix socket",
                    address.host));
  }
  auto acceptor = std::make_unique<Tcp::acceptor>(loop_);
  const Tcp::endpoint endpoint(*ip, address.port);
  error_code error;
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(1024, error);
  if (error) {
    return base::failure(Fault::InUse, fmt::format("cannot listen on {}:{}: {}", address.host,
                                                   address.port, error.message()));
  }
  spdlog::info("listening on {}:{}", address.host, acceptor->local_endpoint().port());
  tcp_.push_back(std::move(acceptor));
  accept(*tcp_.back());
  return {};
}

Result<void> Network::listen_unix(const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return base::failure(Fault::Config, fmt::format("the Unix socket's path {} is too long; {} "
                                                    "bytes are the most",
                                                    path, sizeof(sockaddr_un::sun_path) - 1));
  }
  struct stat info{};
  if (::lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) {
      return base::failure(Fault::InUse, fmt::format("{} exists and is no socket", path));
    }
    if (is_alive(loop_, path)) {
      return base::failure(Fault::InUse, fmt::format("another server listens on {}", path));
    }
    ::unlink(path.c_str());
  }
  auto acceptor = std::make_unique<Local::acceptor>(loop_);
  error_code error;
  acceptor->open(Local(), error);
  const mode_t mask = ::umask(0177);
  if (!error) acceptor->bind(Local::endpoint(path), error);
  ::umask(mask);
  if (!error) acceptor->listen(1024, error);
  if (error) {
    return base::failure(Fault::InUse,
                         fmt::format("cannot listen on {}: {}", path, error.message()));
  }
  spdlog::info("listening on {}", path);
  unix_path_ = path;
  unix_ = std::move(acceptor);
  accept(*unix_);
  return {};
}

std::vector<std::uint16_t> Network::ports() const {
  std::vector<std::uint16_t> ports;
  for (const auto& acceptor : tcp_) ports.push_back(acceptor->local_endpoint().port());
  return ports;
}

template <class Acceptor>
void Network::accept(Acceptor& acceptor) {
  acceptor.async_accept([this, &acceptor](const error_code& error, auto peer) {
    if (error == asio::error::operation_aborted) return;
    if (error) {
      spdlog::warn("cannot accept a connection: {}", error.message());
      return accept_later(acceptor);
    }
    error_code failed;
    std::string name = "a Unix socket";
    if constexpr (std::is_same_v<Acceptor, Tcp::acceptor>) {
      peer.set_option(Tcp::no_delay(true), failed);
      peer.set_option(asio::socket_base::keep_alive(true), failed);
      const auto remote = peer.remote_endpoint(failed);
      name = fmt::format("{}:{}", remote.address().to_string(), remote.port());
    }
    adopt(std::move(peer), std::move(name));
    accept(acceptor);
  });
}

/// Out of file descriptors, most likely: trying again at once would only spin.
template <class Acceptor>
void Network::accept_later(Acceptor& acceptor) {
  accept_timer_.expires_after(std::chrono::milliseconds(100));
  accept_timer_.async_wait([this, &acceptor](const error_code& error) {
    if (!error) accept(acceptor);
  });
}

template <class Peer>
void Network::adopt(Peer peer, std::string name) {
  ++counters_.accepted;
  if (service_->hub.connection_count() >= static_cast<std::size_t>(service_->limits.connections)) {
    ++counters_.refused;
    const std::string refusal = fmt::format(
        "-LIMIT {} connections are open, which is the limit "
        "(connections)\r\n",
        service_->limits.connections);
    error_code ignored;
    peer.non_blocking(true, ignored);
    peer.write_some(asio::buffer(refusal), ignored);
    return;
  }
  auto conversation = std::make_shared<Conversation>(*service_, std::move(name));
  service_->hub.add(conversation);
  std::make_shared<Socket>(*this, Stream(std::move(peer)), std::move(conversation))->start();
}

void Network::stop_accepting() {
  error_code ignored;
  for (const auto& acceptor : tcp_) acceptor->close(ignored);
  if (unix_ && unix_->is_open()) {
    unix_->close(ignored);
    ::unlink(unix_path_.c_str());
  }
  accept_timer_.cancel();
}

void Network::flush() {
  // A socket that is flushed may mark another.
  while (!dirty_.empty()) {
    const auto ready = std::exchange(dirty_, {});
    for (const auto& socket : ready) socket->flush();
  }
}

void Network::check_idle(base::Time now) {
  std::vector<std::shared_ptr<Conversation>> all;
  for (const auto& [id, conversation] : service_->hub.conversations()) all.push_back(conversation);
  for (const auto& conversation : all) conversation->check_idle(now);
}

}  // namespace server
