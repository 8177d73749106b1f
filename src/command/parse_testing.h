// Requests written as lines, for the tests of the parser.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "command/parse.h"

namespace command {

/// The words of a line; `''` is an empty one.
inline std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    words.emplace_back(word == "''" ? std::string_view() : word);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

inline std::expected<Request, Refused> parse_words(const std::vector<std::string>& words,
                                                   const Limits& limits = {}) {
  const std::vector<std::string_view> argv(words.begin(), words.end());
  return parse(argv, limits);
}

inline std::expected<Request, Refused> parse_line(std::string_view line,
                                                  const Limits& limits = {}) {
  return parse_words(words(line), limits);
}

/// The request's call, which must be a T: one of Call or one of Command.
template <class T>
T call_of(const std::expected<Request, Refused>& request) {
  if (!request) {
    ADD_FAILURE() << "refused: " << request.error().sentence;
    return {};
  }
  if constexpr (std::is_constructible_v<Command, T>) {
    const Command* command = std::get_if<Command>(&request->call);
    const T* found = command == nullptr ? nullptr : std::get_if<T>(command);
    if (found != nullptr) return *found;
  } else if (const T* found = std::get_if<T>(&request->call)) {
    return *found;
  }
  ADD_FAILURE() << "understood as another command";
  return {};
}

template <class T>
T parsed(std::string_view line) {
  return call_of<T>(parse_line(line));
}

inline Envelope envelope_of(std::string_view line) {
  const auto request = parse_line(line);
  if (!request) ADD_FAILURE() << "refused: " << request.error().sentence;
  return request ? request->envelope : Envelope{};
}

inline Refused refusal(const std::vector<std::string>& words, const Limits& limits = {}) {
  const auto request = parse_words(words, limits);
  if (request) ADD_FAILURE() << "accepted";
  return request ? Refused{Code::Unavailable, "accepted"} : request.error();
}

/// The sentence of a request that is refused as Malformed.
inline std::string malformed(std::string_view line) {
  const Refused refused = refusal(words(line));
  EXPECT_EQ(refused.code, Code::Malformed) << refused.sentence;
  return refused.sentence;
}

/// The sentence of a request that is refused at a limit.
inline std::string over_limit(const std::vector<std::string>& words, const Limits& limits = {}) {
  const Refused refused = refusal(words, limits);
  EXPECT_EQ(refused.code, Code::Limit) << refused.sentence;
  return refused.sentence;
}

inline std::string bytes(std::int64_t count) {
  return std::string(static_cast<std::size_t>(count), 'x');
}

}  // namespace command
