// What the environment asks for.
#include "base/fault_point.h"

#ifdef TURNSTILE_FAULT_POINTS

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>

namespace base {
namespace {

struct Wish {
  std::size_t point = std::size(kFaultPoints);  ///< this value: none
  std::uint64_t passage = 1;
};

/// A misspelt wish must not pass for a run without a fault.
[[noreturn]] void refuse(std::string_view text) {
  std::fprintf(stderr, "TURNSTILE_FAULT: there is no \"%s\"; list prints what there is\n",
               std::string(text).c_str());
  std::_Exit(64);
}

[[noreturn]] void list() {
  for (const std::string_view name : kFaultPoints) std::puts(std::string(name).c_str());
  std::fflush(stdout);
  std::_Exit(0);
}

Wish read_environment() {
  const char* text = std::getenv("TURNSTILE_FAULT");
  if (text == nullptr) return {};
  const std::string_view whole = text;
  if (whole == "list") list();
  const std::size_t colon = std::min(whole.find(':'), whole.size());
  const auto* point = std::ranges::find(kFaultPoints, whole.substr(0, colon));
  if (point == std::end(kFaultPoints)) refuse(whole);
  Wish wish{static_cast<std::size_t>(point - kFaultPoints), 1};
  if (colon == whole.size()) return wish;
  const char* end = whole.data() + whole.size();
  const auto [stop, error] = std::from_chars(whole.data() + colon + 1, end, wish.passage);
  if (error != std::errc() || stop != end || wish.passage == 0) refuse(whole);
  return wish;
}

const Wish wish = read_environment();
std::atomic<std::uint64_t> passages = 0;

}  // namespace

bool is_last_passage(std::size_t fault_point) {
  return fault_point == wish.point && ++passages == wish.passage;
}

void die_at_fault_point() {
  ::raise(SIGKILL);
  std::abort();
}

}  // namespace base

#endif
