// Everything is decided from a prefix of the bytes that later bytes cannot
// change, so the same bytes in other pieces give the same requests and the
// same error.
#include "resp/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "resp/inline_request.h"

namespace resp {
namespace {

/// More digits could not be added up without looking for an overflow, and no limit is near them.
constexpr std::size_t kDigitsMax = 18;

/// Arguments for which memory is kept from one request to the next.
constexpr std::size_t kKeptPartsMax = 64;

/// A decimal number and its CRLF at the start of some bytes. Fits into two registers.
struct Length {
  enum class State : std::uint8_t {
    Complete,
    NeedsBytes,
    Wrong,
  };
  std::int64_t value = 0;
  std::uint32_t size = 0;  ///< bytes it took, CRLF included
  State state = State::Complete;
};

/// Strict as Redis: no plus sign, no leading zeros, no spaces, no empty number.
Length scan_length(std::string_view bytes) {
  using enum Length::State;
  const bool negative = bytes.starts_with('-');
  const std::size_t first = negative ? 1 : 0;
  const std::size_t last = std::min(bytes.size(), first + kDigitsMax + 1);
  std::size_t at = first;
  std::uint64_t value = 0;
  for (; at < last; ++at) {
    const auto digit = static_cast<unsigned char>(bytes[at] - '0');
    if (digit > 9) break;
    value = value * 10 + digit;
  }
  const std::size_t digits = at - first;
  if (digits > kDigitsMax || (digits > 1 && bytes[first] == '0')) return {.state = Wrong};
  if (at == bytes.size()) return {.state = NeedsBytes};
  if (digits == 0 || (negative && value == 0) || bytes[at] != '\r') return {.state = Wrong};
  if (at + 1 == bytes.size()) return {.state = NeedsBytes};
  if (bytes[at + 1] != '\n') return {.state = Wrong};
  const auto number = static_cast<std::int64_t>(value);
  return {negative ? -number : number, static_cast<std::uint32_t>(at + 2), Complete};
}

/// A byte between quotes as it may stand in a sentence.
std::string printable(char byte) {
  if (byte >= ' ' && byte <= '~') return std::string(1, byte);
  return fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
}

/// The beginnings of a request that a browser can be made to send, and of its header lines.
bool speaks_http(std::string_view word) {
  return word == "GET" || word == "POST" || word == "PUT" || word == "HEAD" || word == "OPTIONS" ||
         word == "Host:";
}

}  // namespace

Parser::Parser(RequestLimits limits) { set_limits(limits); }

void Parser::set_limits(RequestLimits limits) {
  CHECK_LE(limits.request_bytes, std::numeric_limits<std::uint32_t>::max());
  limits_ = limits;
}

std::span<char> Parser::prepare(std::size_t size) {
  forget_handed_out();
  return buffer_.prepare(size);
}

void Parser::commit(std::size_t size) {
  buffer_.commit(size);
  if (!error_.empty()) buffer_.consume(size);
}

void Parser::feed(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(prepare(bytes.size()).data(), bytes.data(), bytes.size());
  commit(bytes.size());
}

std::optional<Request> Parser::next() {
  forget_handed_out();
  if (!error_.empty()) return std::nullopt;
  Step step = Step::Continues;
  while (step == Step::Continues) step = elements_left_ > 0 ? read_elements() : begin_request();
  if (step != Step::Complete) return std::nullopt;
  handed_out_ = true;
  return Request(args_);
}

std::size_t Parser::capacity() const {
  return buffer_.capacity() + parts_.capacity() * sizeof(Part) +
         args_.capacity() * sizeof(std::string_view);
}

void Parser::trim() {
  forget_handed_out();
  buffer_.trim();
}

void Parser::forget_handed_out() {
  if (!std::exchange(handed_out_, false)) return;
  buffer_.consume(std::exchange(cursor_, 0));
  if (args_.capacity() > kKeptPartsMax) free_parts();
}

void Parser::free_parts() {
  parts_ = std::vector<Part>();  // `= {}` would keep the memory
  args_ = std::vector<std::string_view>();
}

Parser::Step Parser::begin_request() {
  if (buffer_.empty()) return Step::NeedsBytes;
  return *buffer_.data() == '*' ? read_array_header() : read_inline();
}

Parser::Step Parser::read_array_header() {
  const Length count = scan_length(buffer_.view().substr(1));
  if (count.state == Length::State::NeedsBytes) return Step::NeedsBytes;
  if (count.state == Length::State::Wrong) return fail("invalid multibulk length");
  if (count.value <= 0) return skip(1 + count.size);
  if (static_cast<std::size_t>(count.value) > limits_.arguments) {
    return fail(limits_.unauthenticated ? "unauthenticated multibulk length"
                                        : "invalid multibulk length");
  }
  cursor_ = 1 + count.size;
  elements_left_ = static_cast<std::size_t>(count.value);
  parts_.clear();
  return Step::Continues;
}

Parser::Step Parser::read_elements() {
  const std::string_view bytes = buffer_.view();
  while (elements_left_ > 0) {
    if (bulk_size_ < 0) {
      if (const Step step = read_bulk_header(bytes.substr(cursor_)); step != Step::Continues) {
        return step;
      }
    }
    const std::size_t size = static_cast<std::size_t>(bulk_size_);
    const bool is_whole = bytes.size() - cursor_ >= size + 2;
    if (PLANTED(ParserLosesPlace) && !is_whole) bulk_size_ = -1;
    if (!is_whole) return Step::NeedsBytes;
    const char* end = bytes.data() + cursor_ + size;
    if (end[0] != '\r' || end[1] != '\n') return fail("expected CRLF after a bulk string");
    parts_.push_back({static_cast<std::uint32_t>(cursor_), static_cast<std::uint32_t>(size)});
    cursor_ += size + 2;
    bulk_size_ = -1;
    --elements_left_;
  }
  return complete();
}

/// `rest` begins at the cursor.
Parser::Step Parser::read_bulk_header(std::string_view rest) {
  if (rest.empty()) return Step::NeedsBytes;
  if (rest[0] != '$') return fail_got('$', rest[0]);
  const Length length = scan_length(rest.substr(1));
  if (length.state == Length::State::NeedsBytes) return Step::NeedsBytes;
  if (length.state == Length::State::Wrong || length.value < 0) return fail("invalid bulk length");
  const std::size_t size = static_cast<std::size_t>(length.value);
  if (size > limits_.argument_bytes) {
    return fail(limits_.unauthenticated ? "unauthenticated bulk length" : "invalid bulk length");
  }
  cursor_ += 1 + length.size;
  if (cursor_ + size + 2 > limits_.request_bytes) return fail("too big request");
  bulk_size_ = length.value;
  return Step::Continues;
}

Parser::Step Parser::complete() {
  args_.resize(parts_.size());
  const char* const bytes = buffer_.data();
  std::ranges::transform(parts_, args_.begin(), [&](const Part& part) {
    return std::string_view(bytes + part.offset, part.size);
  });
  return Step::Complete;
}

Parser::Step Parser::read_inline() {
  if (limits_.inline_bytes == 0) {
    return fail_got('*', *buffer_.data());
  }
  // The line may be followed by CR and LF: no byte behind them can matter.
  const std::size_t window = std::min(buffer_.size(), limits_.inline_bytes + 2);
  const std::size_t searched = std::min(cursor_, window);
  const char* start = buffer_.data();
  const void* newline = std::memchr(start + searched, '\n', window - searched);
  if (newline == nullptr) {
    cursor_ = window;
    return window < limits_.inline_bytes + 2 ? Step::NeedsBytes : fail("too big inline request");
  }
  std::size_t size = static_cast<std::size_t>(static_cast<const char*>(newline) - start);
  cursor_ = size + 1;
  if (size > 0 && start[size - 1] == '\r') --size;
  if (size > limits_.inline_bytes) return fail("too big inline request");
  const Split split = split_inline({buffer_.data(), size}, limits_.arguments, args_);
  if (split == Split::TooMany) return fail("too big inline request");
  if (split == Split::Unbalanced) return fail("unbalanced quotes in request");
  if (args_.empty()) return skip(cursor_);
  return speaks_http(args_[0]) ? fail("this is not an HTTP server") : Step::Complete;
}

Parser::Step Parser::skip(std::size_t size) {
  buffer_.consume(size);
  cursor_ = 0;
  return Step::Continues;
}

Parser::Step Parser::fail_got(char expected, char got) {
  return fail(fmt::format("expected '{}', got '{}'", expected, printable(got)));
}

Parser::Step Parser::fail(std::string_view sentence) {
  error_ = fmt::format("Protocol error: {}", sentence);
  buffer_.clear();
  free_parts();
  return Step::Failed;
}

}  // namespace resp
