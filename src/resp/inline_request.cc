// Unquoting never makes a word longer, so it writes where it reads.
#include "resp/inline_request.h"

namespace resp {
namespace {

/// What Redis skips between words. Only the first three of them end a word.
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }
bool ends_word(char c) { return c == ' ' || c == '\t' || c == '\r'; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char unescaped(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
  }
}

/// One pass over a line.
class Splitter {
 public:
  explicit Splitter(std::span<char> line) : read_(line.data()), end_(read_ + line.size()) {}

  /// Goes to the next word; false at the end of the line.
  bool find_word() {
    while (read_ != end_ && is_space(*read_)) ++read_;
    return read_ != end_;
  }

  /// Reads the word here; false if its quotes are unbalanced.
  bool read_word(std::string_view& word) {
    const char* start = write_ = read_;
    while (read_ != end_ && !ends_word(*read_)) {
      const char c = *read_++;
      if (c == '"' || c == '\'') {
        if (c == '"' ? !read_double_quoted() : !read_single_quoted()) return false;
        if (read_ != end_ && !is_space(*read_)) return false;
        break;  // a closing quote ends the word
      }
      *write_++ = c;
    }
    word = {start, write_};
    return true;
  }

 private:
  bool read_double_quoted() {
    while (read_ != end_) {
      const char c = *read_++;
      if (c == '"') return true;
      *write_++ = c == '\\' && read_ != end_ ? read_escape() : c;
    }
    return false;
  }

  bool read_single_quoted() {
    while (read_ != end_) {
      const char c = *read_++;
      if (c == '\'') return true;
      const bool escaped = c == '\\' && read_ != end_ && *read_ == '\'';
      *write_++ = escaped ? *read_++ : c;
    }
    return false;
  }

  char read_escape() {
    const char c = *read_++;
    if (c == 'x' && end_ - read_ >= 2 && hex_digit(read_[0]) >= 0 && hex_digit(read_[1]) >= 0) {
      const int byte = hex_digit(read_[0]) * 16 + hex_digit(read_[1]);
      read_ += 2;
      return static_cast<char>(byte);
    }
    return unescaped(c);
  }

  char* read_;
  char* end_;
  char* write_ = nullptr;  ///< never beyond read_
};

}  // namespace

Split split_inline(std::span<char> line, std::size_t words_max,
                   std::vector<std::string_view>& words) {
  words.clear();
  Splitter splitter(line);
  while (splitter.find_word()) {
    if (words.size() == words_max) return Split::TooMany;
    if (!splitter.read_word(words.emplace_back())) return Split::Unbalanced;
  }
  return Split::Done;
}

}  // namespace resp
