// Locks in coroutines of Boost.Asio: one thread, many payments, and none of them
// holds up another while it waits.
//
//     TURNSTILE_URL=turnstile://localhost:7420 turnstile-coroutine
#include <turnstile/asio.h>
#include <turnstile/turnstile.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

// [coroutine]
asio::awaitable<void> settle(turnstile::Client& client, std::string payment) {
  const turnstile::AcquireOptions options{.wait = 5s, .agent = payment};  // g++ 12 needs the name
  auto grant = co_await turnstile::async_lock(client, "account/7", options, asio::use_awaitable);
  std::cout << payment << " under token " << grant.token() << '\n';
}
// [/coroutine]

int main() {
  try {
    auto client = turnstile::Client::connect({}, {.name = "coroutine"});
    asio::io_context io;
    bool has_failed = false;
    const auto report = [&](std::exception_ptr error) { has_failed = has_failed || error; };
    for (const char* payment : {"payment 1", "payment 2", "payment 3"}) {
      asio::co_spawn(io, settle(client, payment), report);
    }
    io.run();
    return has_failed ? 1 : 0;
  } catch (const turnstile::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
