// Each reply is appended in one piece, its header formatted on the stack.
#include "resp/writer.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace resp {

Writer::Writer(std::string& out, int version) : out_(out), version_(version) {
  CHECK(version == 2 || version == 3);
}

void Writer::simple(std::string_view text) { line('+', text); }

void Writer::error(std::string_view text) { line('-', text); }

void Writer::bulk(std::string_view bytes) {
  header('$', bytes.size());
  out_.append(bytes);
  out_.append("\r\n");
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
  char text[24];  // a type, 20 characters of number, CRLF
  text[0] = type;
  char* end = std::to_chars(text + 1, text + 22, value).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out_.append(text, end);
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
