// A member of etcd that is out of reach.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

namespace journal::etcd {

/// Takes connections, as far as the kernel does, and never says a word: as if cut off.
class SilentMember {
 public:
  std::string address() const {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

 private:
  boost::asio::io_context loop_;
  boost::asio::ip::tcp::acceptor acceptor_{
      loop_, {boost::asio::ip::address_v4::loopback(), 0}, false};
};

}  // namespace journal::etcd
