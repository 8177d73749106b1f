// What somebody does with the client library who has nothing but its headers.
//
//     outside_project            goes through the library against the server at TURNSTILE_URL
//     outside_project hold KEY   locks KEY, says so, and tells at each line of its input
//                                whether it still holds it; to be asked across a restart
#include <turnstile/turnstile.h>

#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "flows.h"
#include "primitives.h"

using namespace std::chrono_literals;
using turnstile::Client;
using turnstile::ErrorCode;

void require(bool condition, const char* what) {
  if (condition) return;
  std::cerr << "not so: " << what << std::endl;
  std::_Exit(1);  // other threads may be waiting in the library
}

namespace {

void grants_exclude_each_other(Client& one, Client& other) {
  auto grant = one.lock("account/1", {.note = "invoice 42"});
  require(grant.is_held() && grant.check(), "a grant is held");
  require(other.try_lock("account/1").failed_with(ErrorCode::Busy), "a second try is BUSY");
  require(one.try_lock("account/1").failed_with(ErrorCode::Busy), "also in the same client");
  require(one.info("account/1").find("holders") != nullptr, "INFO tells the holders");
  require(!one.list("account/").items.empty(), "LIST tells the key");
  const auto first = grant.token();
  require(grant.release(), "a release gives something back");
  require(!grant.release(), "a second one does not");
  require(other.lock("account/1").token() > first, "a later token is greater");
}

void several_keys_are_one_grant(Client& one, Client& other) {
  auto grant = one.lock_all({"a", {"b", true}, "c"});
  require(grant.keys().size() == 3, "a grant names its keys");
  require(other.try_lock("a").failed_with(ErrorCode::Busy), "each key is held");
  require(other.try_lock("b", {.shared = true}).has_value(), "the shared one can be shared");
}

void waits_end(Client& one, Client& other) {
  auto grant = one.lock("w");
  require(other.try_lock("w", {.wait = 50ms}).failed_with(ErrorCode::Busy), "a wait ends");
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  require(other.try_lock("w", {.wait = 60s, .stop = stop.get_token()})
              .failed_with(ErrorCode::Cancelled),
          "a wait is cancelled");
  std::jthread releaser([&] { grant.release(); });
  require(other.lock("w").is_held(), "a wait ends with a grant");
}

void a_lease_ends(Client& one) {
  auto grant = one.lock("l", {.lease = 100ms});
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait(lock, grant.lost(), [] { return false; });
  require(!grant.is_held(), "a lease is over");
}

void mutexes_count(Client& one) {
  turnstile::Mutex mutex(one, "m");
  turnstile::Mutex same(one, "m");
  turnstile::SharedMutex shared(one, "s");
  int count = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 20; ++n) {
        std::scoped_lock lock(i % 2 == 0 ? mutex : same);
        require((i % 2 == 0 ? mutex : same).token() != 0, "a held mutex has a token");
        ++count;
        std::shared_lock reading(shared);
      }
    });
  }
  threads.clear();
  require(count == 80, "increments exclude each other");
  std::unique_lock timed(mutex, 1s);
  require(timed.owns_lock() && !same.try_lock(), "timed locks work");
}

int go_through() {
  auto one = Client::connect({}, {.name = "one"});
  auto other = Client::connect({}, {.name = "other"});
  grants_exclude_each_other(one, other);
  several_keys_are_one_grant(one, other);
  waits_end(one, other);
  a_lease_ends(one);
  mutexes_count(one);
  go_through_primitives(one, other);
  go_through_flows(one, other);
  auto left = one.lock("left");
  one.close();
  require(left.lost().stop_requested() && !left.is_held(), "closing ends what is held");
  require(other.try_lock("left").has_value(), "and gives it back");
  std::cout << "all is well\n";
  return 0;
}

int hold(const std::string& key) {
  auto client = Client::connect({}, {.name = "holder"});
  auto grant = client.lock(key);
  std::cout << "holding " << grant.token() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const auto checked = grant.try_check();
    if (!checked) {
      std::cout << checked.error().what() << std::endl;
    } else {
      std::cout << (*checked && grant.is_held() ? "holding " : "lost ") << grant.token()
                << std::endl;
    }
  }
  return grant.release() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return argc == 3 ? hold(argv[2]) : go_through();
  } catch (const turnstile::Error& error) {
    std::cerr << turnstile::name(error.code()) << ": " << error.what() << '\n';
    return 1;
  }
}
