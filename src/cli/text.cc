// Decoding UTF-8 far enough to tell what may be printed and how wide it is.
#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace cli {
namespace {

unsigned char byte_of(char c) { return static_cast<unsigned char>(c); }

bool is_continuation(char c) { return (byte_of(c) & 0xC0) == 0x80; }

/// How many bytes a character that begins with this byte has; 0 if none begins with it.
std::size_t length_from(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  if (first >= 0xF0 && first < 0xF5) return 4;
  return 0;
}

struct Character {
  std::size_t size = 0;  ///< 0: the bytes are not UTF-8
  char32_t code = 0;
};

Character character_at(std::string_view text) {
  const unsigned char first = byte_of(text[0]);
  const std::size_t size = length_from(first);
  if (size == 0 || size > text.size()) return {};
  if (size == 1) return {1, first};
  auto code = static_cast<char32_t>(first & (0x7FU >> size));
  for (const char c : text.substr(1, size - 1)) {
    if (!is_continuation(c)) return {};
    code = (code << 6) | (byte_of(c) & 0x3FU);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xD800 && code < 0xE000;
  if (code < kSmallest[size] || is_surrogate || code > 0x10FFFF) return {};
  return {size, code};
}

/// Controls of both sets, line separators, and marks that reverse what stands around them.
bool is_harmful(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

void append_escaped(std::string& out, std::string_view bytes) {
  for (const char c : bytes) {
    switch (c) {
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: out += fmt::format("\\x{:02x}", byte_of(c));
    }
  }
}

/// `kept` are characters that stay although they are controls; `escaped` get a backslash.
std::string cleaned(std::string_view text, std::string_view kept, std::string_view escaped) {
  std::string out;
  while (!text.empty()) {
    const Character character = character_at(text);
    const std::string_view bytes = text.substr(0, std::max<std::size_t>(character.size, 1));
    text.remove_prefix(bytes.size());
    const bool is_kept = bytes.size() == 1 && kept.find(bytes[0]) != std::string_view::npos;
    if (!is_kept && (character.size == 0 || is_harmful(character.code))) {
      append_escaped(out, bytes);
      continue;
    }
    if (bytes.size() == 1 && escaped.find(bytes[0]) != std::string_view::npos) out += '\\';
    out += bytes;
  }
  return out;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-_./:@{}#+,=").find(c) != std::string_view::npos;
}

/// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string printable(std::string_view text) { return cleaned(text, "", "\\"); }

std::string printable_lines(std::string_view text) { return cleaned(text, "\n\t", ""); }

std::string in_quotes(std::string_view text) { return '"' + cleaned(text, "", "\\\"") + '"'; }

std::string in_quotes_if_needed(std::string_view text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), is_plain);
  return plain ? std::string(text) : in_quotes(text);
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = character_at(text).size;
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

std::string shortened(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  std::size_t size = 0;
  for (std::size_t seen = 0; size < text.size(); ++size) {
    if (!is_continuation(text[size]) && ++seen == columns) break;
  }
  return std::string(text.substr(0, size)) + "…";
}

std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent) {
  if (columns == 0) return std::string(text);
  std::string out;
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' ', text.find_first_not_of(' ')), text.size());
    std::string_view word = text.substr(0, end);  // with the blanks before it
    text.remove_prefix(end);
    if (used > indent && used + columns_of(word) > columns) {
      word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
      out += '\n' + std::string(indent, ' ');
      used = indent;
    }
    out += word;
    used += columns_of(word);
  }
  return out;
}

std::string counted(std::uint64_t count, std::string_view one) {
  return fmt::format("{} {}{}", grouped(count), one, count == 1 ? "" : "s");
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 2) + 1;
  for (const std::string& candidate : candidates) {
    const bool begins = word.size() >= 2 && candidate.starts_with(word);
    const std::size_t far = begins ? 0 : distance(word, candidate);
    if (far >= best_distance) continue;
    best = candidate;
    best_distance = far;
  }
  return best;
}

}  // namespace cli
