// Any bytes as requests: whole, in pieces that the input itself chooses, under
// the limits of a client that has not authenticated and of one that has.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "resp/parser.h"
#include "resp/test_pieces.h"

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

/// What was understood and is written down again is understood the same.
void demand_round_trip(const std::vector<std::string>& seen) {
  for (std::size_t i = 0; i + 2 < seen.size(); ++i) {
    resp::Parser parser(resp::RequestLimits{.request_bytes = 1 << 20});
    parser.feed(seen[i]);
    const auto request = parser.next();
    demand(request && resp::encode_request(*request) == seen[i]);
  }
}

void check(std::string_view bytes, resp::RequestLimits limits) {
  resp::Parser whole(limits);
  const auto seen = resp::test::outcome(whole, bytes, [&] { return bytes.size(); });

  resp::Parser in_pieces(limits);
  std::size_t at = 0;
  const auto next_size = [&] { return static_cast<unsigned char>(bytes[at++ % bytes.size()]) % 9; };
  demand(seen == resp::test::outcome(in_pieces, bytes, next_size));
  demand(in_pieces.capacity() <= 64 * 1024 + 4 * limits.request_bytes);
  demand_round_trip(seen);
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
