// Uses the installed client library as an outsider does: asks a server that is
// not there, and is told so by an exception that it can catch by its type.
#include <turnstile/turnstile.h>

#include <iostream>

int main() {
  try {
    turnstile::Client::connect("no such kind of address");
  } catch (const turnstile::Error& error) {
    std::cout << turnstile::name(error.code()) << ": " << error.what() << '\n';
    return 0;
  }
  return 1;
}
