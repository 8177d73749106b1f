// Any words make a request or a refusal; a request is within its limits and
// survives the journal's encoding, a refusal is one printable line.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "command/entry.h"
#include "command/parse.h"

namespace {

/// The words of the input, one a line.
std::vector<std::string_view> split(std::string_view input) {
  std::vector<std::string_view> words;
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    words.push_back(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  return words;
}

void check_refusal(const command::Refused& refused) {
  CHECK(!refused.sentence.empty());
  CHECK_LT(refused.sentence.size(), 600U);
  CHECK(std::ranges::all_of(refused.sentence, [](char c) { return c >= ' ' && c <= '~'; }));
}

void check_request(const command::Request& request) {
  CHECK_LE(request.envelope.ticket.size(), 64U);
  CHECK_EQ(request.envelope.session == 0, request.envelope.secret.empty());
  const auto* asked = std::get_if<command::Command>(&request.call);
  if (asked == nullptr) return;
  std::string bytes;
  std::string again;
  command::Entry read;
  command::Entry entry;
  entry.command = *asked;
  command::encode(entry, bytes);
  CHECK(command::decode(bytes, read).has_value());
  command::encode(read, again);
  CHECK(bytes == again);
  CHECK_EQ(command::fingerprint(*asked), command::fingerprint(read.command));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto request = command::parse(split(input), command::Limits{});
  if (request) {
    check_request(*request);
  } else {
    check_refusal(request.error());
  }
  return 0;
}
