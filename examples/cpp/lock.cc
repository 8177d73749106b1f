// A lock from C++: two accounts at once, held until the end of the block.
//
//     TURNSTILE_URL=turnstile://localhost:7420 turnstile-example
#include <turnstile/turnstile.h>

#include <iostream>

using namespace std::chrono_literals;

int main() {
  try {
    auto client = turnstile::Client::connect({}, {.name = "example"});
    auto grant = client.lock_all({"account/1", "account/2"}, {.wait = 5s, .note = "invoice 42"});
    // The token goes along with every write; see docs/fencing.md.
    std::cout << "token " << grant.token() << '\n';
    std::cout << "released " << grant.release() << '\n';
  } catch (const turnstile::Error& error) {
    std::cerr << error.what() << '\n';  // BUSY: somebody has them. UNAVAILABLE: nobody decided.
    return 1;
  }
}
