// Each value is formatted where it belongs, behind what is there already.
#include "resp/writer.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace resp {

namespace {

/// A type, 20 characters of number, CRLF.
constexpr std::size_t kHeaderMax = 1 + 20 + 2;

char* put_end(char* at) {
  *at++ = '\r';
  *at++ = '\n';
  return at;
}

char* put_header(char* at, char type, std::int64_t value) {
  *at++ = type;
  if (value >= 0 && value <= 9) {
    *at++ = static_cast<char>('0' + value);
  } else {
    at = std::to_chars(at, at + 20, value).ptr;
  }
  return put_end(at);
}

}  // namespace

/// `put` writes at most `most` bytes and returns their end.
template <class Put>
void Writer::append(std::size_t most, Put put) {
  const std::size_t before = out_.size();
  out_.resize_and_overwrite(before + most, [&](char* bytes, std::size_t) {
    return static_cast<std::size_t>(put(bytes + before) - bytes);
  });
}

Writer::Writer(std::string& out, int version) : out_(out), version_(version) {
  CHECK(version == 2 || version == 3);
}

void Writer::simple(std::string_view text) { line('+', text); }

void Writer::error(std::string_view text) { line('-', text); }

void Writer::bulk(std::string_view bytes) {
  append(kHeaderMax + bytes.size() + 2, [&](char* at) {
    at = put_header(at, '$', static_cast<std::int64_t>(bytes.size()));
    at = std::copy(bytes.begin(), bytes.end(), at);
    return put_end(at);
  });
}

void Writer::null() { out_.append(version_ == 3 ? "_\r\n" : "$-1\r\n"); }

void Writer::boolean(bool value) {
  if (version_ == 3) {
    out_.append(value ? "#t\r\n" : "#f\r\n");
  } else {
    out_.append(value ? ":1\r\n" : ":0\r\n");
  }
}

void Writer::array(std::size_t count) { header('*', count); }

void Writer::map(std::size_t count) { version_ == 3 ? header('%', count) : header('*', 2 * count); }

void Writer::set(std::size_t count) { header(version_ == 3 ? '~' : '*', count); }

void Writer::push(std::size_t count) {
  CHECK_EQ(version_, 3);
  header('>', count);
}

void Writer::attribute(std::size_t count) {
  CHECK_EQ(version_, 3);
  header('|', count);
}

void Writer::header(char type, std::size_t count) {
  number(type, static_cast<std::int64_t>(count));
}

void Writer::number(char type, std::int64_t value) {
  append(kHeaderMax, [&](char* at) { return put_header(at, type, value); });
}

void Writer::line(char type, std::string_view text) {
  out_.push_back(type);
  std::ranges::transform(text, std::back_inserter(out_), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < ' ' || byte == 0x7f ? ' ' : c;
  });
  out_.append("\r\n");
}

}  // namespace resp
