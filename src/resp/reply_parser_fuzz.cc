// Any bytes as replies of a hostile server: whole and in pieces that the input
// itself chooses, read, printed, and written down again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "resp/reply_parser.h"
#include "resp/test_pieces.h"

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

/// Reading a value in every way must be safe, and what it is written as must be it again.
void demand_readable(const std::string& encoded) {
  resp::ReplyParser parser;
  parser.feed(encoded);
  const auto value = parser.next();
  demand(value.has_value() && resp::test::encoded(*value) == encoded);
  demand(!value->is_error() || (!value->as_string() && !value->as_integer()));
  demand(resp::to_text(*value).find('\x1b') == std::string::npos);
  (void)value->find("token");
  (void)value->as_double();
}

void check(std::string_view bytes, resp::ReplyLimits limits) {
  resp::ReplyParser whole(limits);
  const auto seen = resp::test::outcome(whole, bytes, [&] { return bytes.size(); });

  resp::ReplyParser in_pieces(limits);
  std::size_t at = 0;
  const auto next_size = [&] { return static_cast<unsigned char>(bytes[at++ % bytes.size()]) % 9; };
  demand(seen == resp::test::outcome(in_pieces, bytes, next_size));
  for (std::size_t i = 0; i + 2 < seen.size(); ++i) demand_readable(seen[i]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes, {});
  check(bytes, {.depth = 2, .elements = 6, .line_bytes = 8, .bulk_bytes = 8, .reply_bytes = 40});
  return 0;
}
