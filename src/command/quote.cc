// Bytes to text that cannot break a line, a terminal or a log.
#include "command/quote.h"

#include <fmt/format.h>

namespace command {
namespace {

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

std::string escaped(char c, char mark) {
  if (c == mark || c == '\\') return {'\\', c};
  if (c == '\n') return "\\n";
  if (c == '\r') return "\\r";
  if (c == '\t') return "\\t";
  if (is_printable(c)) return {c};
  return fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
}

}  // namespace

std::string Quoted::operator()(std::string_view bytes, char mark) const {
  std::string text(1, mark);
  for (const char c : bytes) {
    const std::string piece = escaped(c, mark);
    if (text.size() - 1 + piece.size() > kQuotedMax) {
      return fmt::format("{}...{} ({} bytes)", text, mark, bytes.size());
    }
    text += piece;
  }
  text += mark;
  return text;
}

}  // namespace command
