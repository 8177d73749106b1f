// However bytes arrive, they mean the same: thousands of generated requests and
// replies, sound and mutated, whole against random pieces and byte by byte.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "resp/test_pieces.h"

namespace resp {
namespace {

using test::Outcome;
using test::outcome;

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }

  std::string bytes(std::size_t size_max) {
    static constexpr std::string_view kTricky("\r\n\0$*:+-\"'\\ x1\xff", 16);
    std::string text(below(size_max + 1), '\0');
    for (char& c : text) c = kTricky[below(kTricky.size())];
    return text;
  }

  std::string line_text() {
    std::string text = bytes(12);
    std::erase(text, '\r');
    return text;
  }

  std::string request() {
    if (below(5) == 0) return "word \"quoted \\x41\" 'one'" + std::string(below(3), ' ') + "\r\n";
    if (below(10) == 0) return below(2) == 0 ? "*0\r\n" : "\r\n";
    std::vector<std::string> owned(1 + below(6));
    for (std::string& arg : owned) arg = bytes(below(8) == 0 ? 300 : 12);
    return encode_request(std::vector<std::string_view>(owned.begin(), owned.end()));
  }

  Value value(std::size_t depth = 0) {
    static constexpr Type kTypes[] = {Type::Null,   Type::Bool,     Type::Integer, Type::Double,
                                      Type::Simple, Type::Bulk,     Type::Error,   Type::BigNumber,
                                      Type::Bulk,   Type::Verbatim, Type::Array,   Type::Set,
                                      Type::Map};
    Value value;
    value.type = kTypes[below(depth < 4 ? 13 : 10)];
    if (depth < 4 && below(8) == 0) value.attributes = items(2 * below(3), depth);
    fill(value, depth);
    return value;
  }

  /// A few random edits: the kind of garbage that is nearly right.
  void mutate(std::string& bytes_to_change) {
    for (std::size_t edits = 1 + below(4); edits > 0 && !bytes_to_change.empty(); --edits) {
      const std::size_t at = below(bytes_to_change.size());
      switch (below(4)) {
        case 0: bytes_to_change[at] = static_cast<char>(below(256)); break;
        case 1: bytes_to_change.erase(at, 1 + below(4)); break;
        case 2: bytes_to_change.insert(at, bytes(4)); break;
        default: bytes_to_change.insert(at, bytes_to_change.substr(below(at + 1), 8)); break;
      }
    }
  }

 private:
  std::vector<Value> items(std::size_t count, std::size_t depth) {
    std::vector<Value> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(value(depth + 1));
    return all;
  }

  void fill(Value& value, std::size_t depth) {
    switch (value.type) {
      case Type::Null: break;
      case Type::Bool: value.integer = static_cast<std::int64_t>(below(2)); break;
      case Type::Integer: value.integer = static_cast<std::int64_t>(random_() - 5); break;
      case Type::Double: value.text = below(2) == 0 ? "-1.5e10" : "inf"; break;
      case Type::BigNumber: value.text = "-123456789012345678901234567890"; break;
      case Type::Simple: value.text = line_text(); break;
      case Type::Bulk:
      case Type::Verbatim:
      case Type::Error: value.text = bytes(below(8) == 0 ? 300 : 12); break;
      case Type::Array:
      case Type::Set:
      case Type::Push: value.items = items(below(5), depth); break;
      case Type::Map: value.items = items(2 * below(3), depth); break;
    }
  }

  std::mt19937 random_;
};

/// Whole, in random pieces and byte by byte, `bytes` come to the same outcome, which is returned.
template <class AnyParser, class Limits>
Outcome agreed_outcome(Limits limits, std::string_view bytes, Generator& generator) {
  const Outcome whole = outcome(AnyParser(limits), bytes);
  EXPECT_EQ(whole, outcome(AnyParser(limits), bytes, [&] { return generator.below(20); }));
  EXPECT_EQ(whole, outcome(AnyParser(limits), bytes, [] { return std::size_t{1}; }));
  return whole;
}

constexpr RequestLimits kTightRequests{
    .arguments = 5, .argument_bytes = 200, .request_bytes = 220, .inline_bytes = 30};
constexpr ReplyLimits kTightReplies{
    .depth = 3, .elements = 12, .line_bytes = 11, .bulk_bytes = 200, .reply_bytes = 250};

TEST(PiecesTest, sound_requests) {
  Generator generator(1);
  for (int i = 0; i < 1500 && !HasFailure(); ++i) {
    std::string bytes;
    for (std::size_t count = generator.below(6); count > 0; --count) bytes += generator.request();
    const Outcome seen = agreed_outcome<Parser>(RequestLimits{}, bytes, generator);
    EXPECT_EQ(seen.error, "");
    EXPECT_EQ(seen.buffered, 0u);
    agreed_outcome<Parser>(kTightRequests, bytes, generator);
  }
}

TEST(PiecesTest, mutated_requests) {
  Generator generator(2);
  for (int i = 0; i < 4000 && !HasFailure(); ++i) {
    std::string bytes = generator.request() + generator.request() + generator.request();
    generator.mutate(bytes);
    agreed_outcome<Parser>(RequestLimits{}, bytes, generator);
    agreed_outcome<Parser>(kTightRequests, bytes, generator);
  }
}

TEST(PiecesTest, requests_survive_encoding_and_parsing) {
  Generator generator(3);
  for (int i = 0; i < 2000 && !HasFailure(); ++i) {
    std::vector<std::string> args(1 + generator.below(10));
    for (std::string& arg : args) arg = generator.bytes(100);
    const std::string bytes =
        encode_request(std::vector<std::string_view>(args.begin(), args.end()));
    Parser parser;
    parser.feed(bytes);
    const auto request = parser.next();
    ASSERT_TRUE(request);
    EXPECT_EQ(args, std::vector<std::string>(request->begin(), request->end()));
  }
}

TEST(PiecesTest, replies_survive_encoding_and_parsing) {
  Generator generator(4);
  for (int i = 0; i < 2000 && !HasFailure(); ++i) {
    const Value value = generator.value();
    const std::string bytes = test::encoded(value);
    ReplyParser parser;
    parser.feed(bytes);
    const auto parsed = parser.next();
    ASSERT_TRUE(parsed) << parser.error();
    EXPECT_EQ(*parsed, value);
    const Outcome seen = agreed_outcome<ReplyParser>(ReplyLimits{}, bytes, generator);
    EXPECT_EQ(seen, (Outcome{.yielded = bytes, .error = "", .buffered = 0}));
    agreed_outcome<ReplyParser>(kTightReplies, bytes, generator);
  }
}

TEST(PiecesTest, mutated_replies) {
  Generator generator(5);
  for (int i = 0; i < 4000 && !HasFailure(); ++i) {
    std::string bytes = test::encoded(generator.value()) + test::encoded(generator.value());
    generator.mutate(bytes);
    agreed_outcome<ReplyParser>(ReplyLimits{}, bytes, generator);
    agreed_outcome<ReplyParser>(kTightReplies, bytes, generator);
  }
}

}  // namespace
}  // namespace resp
