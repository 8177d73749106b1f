// Any bytes as requests: whole, in pieces that the input itself chooses, under
// the limits of a client that has not authenticated and of one that has.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "resp/parser.h"
#include "resp/test_pieces.h"

namespace {

using resp::test::Outcome;
using resp::test::outcome;

void demand(bool condition) {
  if (!condition) std::abort();
}

void check(std::string_view bytes, resp::RequestLimits limits) {
  const Outcome seen = outcome(resp::Parser(limits), bytes);
  std::size_t at = 0;
  const auto next_size = [&]() -> std::size_t {
    return static_cast<unsigned char>(bytes[at++ % bytes.size()]) % 32u;
  };
  demand(seen == outcome(resp::Parser(limits), bytes, next_size));

  // What was understood and is written down again is understood the same.
  const Outcome again = outcome(resp::Parser(), seen.yielded);
  demand(again == Outcome{.yielded = seen.yielded, .error = "", .buffered = 0});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes, {});
  check(bytes, {.arguments = 10,
                .argument_bytes = 1024,
                .request_bytes = 4096,
                .inline_bytes = 0,
                .unauthenticated = true});
  check(bytes, {.arguments = 2, .argument_bytes = 4, .request_bytes = 20, .inline_bytes = 8});
  return 0;
}
