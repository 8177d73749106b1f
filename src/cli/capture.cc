// Pipes that are read without waiting.
#include "cli/capture.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace cli {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/// More than a pipe holds: what was written before this began is read, and a writer that never
/// stops does not keep us.
constexpr int kPiecesMax = 64;

/// Hands each piece to `take` until there is none for now; closes the pipe at its end.
template <class Take>
void read_all(FileDescriptor& file, Take&& take) {
  std::array<char, 16 * 1024> piece;
  for (int pieces = 0; file.is_open() && pieces < kPiecesMax; ++pieces) {
    const ssize_t size = ::read(file.get(), piece.data(), piece.size());
    if (size > 0) {
      take(std::string_view(piece.data(), static_cast<std::size_t>(size)));
    } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
      file.close();
    } else if (errno == EAGAIN) {
      return;
    }
  }
}

/// Returns as well when nobody reads.
void write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(file, bytes.data(), bytes.size());
    if (size > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(size));
    } else if (errno == EAGAIN) {
      pollfd writable{file, POLLOUT, 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace

void LastLine::add(std::string_view piece) {
  for (std::size_t end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
    unended_ += piece.substr(0, std::min(end, bytes_max_));
    if (const std::string_view line = trimmed(unended_); !line.empty()) line_ = line;
    unended_.clear();
    piece.remove_prefix(end + 1);
  }
  unended_ += piece.substr(0, bytes_max_ - std::min(bytes_max_, unended_.size()));
}

std::string LastLine::text() const {
  const std::string_view unended = trimmed(unended_);
  return std::string(unended.empty() ? line_ : unended).substr(0, bytes_max_);
}

Capture::Pipe::Pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe");
  ours = FileDescriptor(ends[0]);
  theirs = FileDescriptor(ends[1]);
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
}

Capture::Capture(std::size_t output_max, std::size_t line_max)
    : output_max_(output_max), last_line_(line_max) {}

void Capture::close_given() {
  output_.theirs.close();
  errors_.theirs.close();
}

void Capture::read_output() {
  read_all(output_.ours, [this](std::string_view piece) {
    size_ += piece.size();
    kept_ += piece.substr(0, output_max_ - kept_.size());
  });
}

void Capture::read_errors() {
  read_all(errors_.ours, [this](std::string_view piece) {
    write_all(STDERR_FILENO, piece);
    last_line_.add(piece);
  });
}

void Capture::read_rest() {
  read_output();
  read_errors();
}

}  // namespace cli
