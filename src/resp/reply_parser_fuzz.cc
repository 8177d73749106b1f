// Any bytes as replies of a hostile server: whole and in pieces that the input
// itself chooses, read, printed, and written down again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "resp/reply_parser.h"
#include "resp/test_pieces.h"

namespace {

using resp::test::encoded;
using resp::test::Outcome;
using resp::test::outcome;

void demand(bool condition) {
  if (!condition) std::abort();
}

/// Whatever a value is, it can be read in every way.
void demand_readable(const resp::Value& value) {
  demand(!value.is_error() || (!value.as_string() && !value.as_integer() && !value.as_double()));
  demand(resp::to_text(value).find('\x1b') == std::string::npos);
  (void)value.error_code();
  (void)value.find("token");
  (void)value.as_double();
}

void check(std::string_view bytes, resp::ReplyLimits limits) {
  const Outcome seen = outcome(resp::ReplyParser(limits), bytes);
  std::size_t at = 0;
  const auto next_size = [&]() -> std::size_t {
    return static_cast<unsigned char>(bytes[at++ % bytes.size()]) % 32u;
  };
  demand(seen == outcome(resp::ReplyParser(limits), bytes, next_size));

  // What was understood and is written down again is understood the same.
  resp::ReplyParser parser;
  parser.feed(seen.yielded);
  std::string again;
  while (const auto value = parser.next()) {
    demand_readable(*value);
    again += encoded(*value);
  }
  demand(again == seen.yielded && parser.error().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes, {});
  check(bytes, {.depth = 2, .elements = 6, .line_bytes = 8, .bulk_bytes = 8, .reply_bytes = 40});
  return 0;
}
