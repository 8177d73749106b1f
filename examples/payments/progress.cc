// See progress.h.
#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "figures.h"

namespace payments {
namespace {

constexpr std::int64_t kBarWidth = 30;
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr const char* kClearLine = "\r\033[K";

}  // namespace

Progress::Progress(std::FILE* out, std::string title, std::int64_t total, std::string meetings)
    : out_(out),
      title_(std::move(title)),
      total_(total),
      meetings_(std::move(meetings)),
      is_terminal_(isatty(fileno(out)) == 1) {}

std::string Progress::line() const {
  const std::chrono::duration<double> elapsed = Clock::now() - started_;
  const double rate = static_cast<double>(done_) / std::max(elapsed.count(), 0.001);
  std::string bar;
  if (is_terminal_) {
    const auto filled = static_cast<std::size_t>(kBarWidth * done_ / total_);
    bar = fmt::format("[{}{}] ", std::string(filled, '#'),
                      std::string(static_cast<std::size_t>(kBarWidth) - filled, '.'));
  }
  return fmt::format("{:<13} {}{:3} %  {:>6} payments/s  {:>6} {}", title_, bar,
                     100 * done_ / total_, with_commas(static_cast<std::int64_t>(rate)),
                     with_commas(meeting_count_), meetings_);
}

void Progress::draw() {
  drawn_ = Clock::now();
  fmt::print(out_, "{}{}", kClearLine, line());
  std::fflush(out_);
}

void Progress::update(std::int64_t done, std::int64_t meeting_count) {
  done_ = done;
  meeting_count_ = meeting_count;
  if (is_terminal_) {
    if (Clock::now() - drawn_ >= kRedraw) draw();
    return;
  }
  const std::int64_t tenths = 10 * done_ / total_;
  if (tenths == tenths_shown_) return;
  tenths_shown_ = tenths;
  fmt::print(out_, "{}\n", line());
  std::fflush(out_);
}

void Progress::note(const std::string& text) {
  fmt::print(out_, "{}{:<13} {}\n", is_terminal_ ? kClearLine : "", title_, text);
  if (is_terminal_) draw();
  std::fflush(out_);
}

void Progress::finish() {
  if (!is_terminal_) return;
  draw();
  fmt::print(out_, "\n");
}

}  // namespace payments
