// Writing over one line again and again.
#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "cli/text.h"

namespace cli {
namespace {

using std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::seconds(1);
constexpr auto kStep = std::chrono::milliseconds(200);

}  // namespace

Progress::Progress(std::string doing)
    : doing_(std::move(doing)),
      is_on_(::isatty(STDERR_FILENO) != 0),
      next_(steady_clock::now() + kPatience) {}

Progress::~Progress() {
  if (is_shown_) fmt::print(stderr, "\r\x1b[K");
}

void Progress::update(std::uint64_t entries) {
  if (!is_on_ || steady_clock::now() < next_) return;
  fmt::print(stderr, "\r\x1b[K{} {} entries", doing_, grouped(entries));
  std::fflush(stderr);
  is_shown_ = true;
  next_ = steady_clock::now() + kStep;
}

}  // namespace cli
