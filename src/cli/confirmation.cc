// A question on the standard error, so that the standard output stays for results.
#include "cli/confirmation.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace cli {

std::optional<ExitStatus> ask(bool yes, const std::string& question, const std::string& concerned) {
  if (yes) return std::nullopt;
  if (::isatty(STDIN_FILENO) == 0) {
    fmt::print(stderr,
               "turnstile: this asks before it acts, and nobody is there to answer; say "
               "--yes if it is meant\n{}",
               concerned);
    return ExitStatus::Usage;
  }
  fmt::print(stderr, "{}{} [y/N] ", concerned, question);
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return std::nullopt;
  fmt::print(stderr, "turnstile: nothing was changed\n");
  return ExitStatus::Refused;
}

}  // namespace cli
