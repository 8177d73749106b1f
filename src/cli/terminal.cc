// Asking the system what the standard output is.
#include "cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace cli {
namespace {

const char* escape_of(Style style) {
  switch (style) {
    case Style::Plain: return "";
    case Style::Heading: return "\x1b[1m";
    case Style::Free: return "\x1b[32m";
    case Style::Held: return "\x1b[36m";
    case Style::Waiting: return "\x1b[33m";
    case Style::Warning: return "\x1b[31m";
  }
  return "";
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::string Terminal::styled(std::string_view text, Style style) const {
  if (!has_colours || style == Style::Plain) return std::string(text);
  return fmt::format("{}{}\x1b[0m", escape_of(style), text);
}

Terminal standard_output() {
  if (::isatty(STDOUT_FILENO) == 0) return {};
  Terminal terminal;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) terminal.width = size.ws_col;
  terminal.has_colours = environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  return terminal;
}

}  // namespace cli
