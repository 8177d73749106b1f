// Starting COMMAND: a child process in a process group of its own.
#pragma once

#include <sys/types.h>

#include <array>
#include <csignal>
#include <expected>
#include <string>
#include <vector>

#include "base/result.h"

namespace cli {

/// The file descriptors above 2 that this process was started with. What is opened later (a
/// library's socket) is none of COMMAND's business, what the caller passed down is.
class InheritedFiles {
 public:
  /// Looks at what is open now; to be created at the start of the program.
  InheritedFiles();
  /// Has all others closed by the next exec. Safe between fork and exec.
  void close_others_on_exec() const;

 private:
  struct Range {
    unsigned first;
    unsigned last;
  };
  std::vector<Range> others_;
};

struct ProcessOptions {
  std::vector<std::string> argv;         ///< at least one; looked up in PATH
  std::vector<std::string> environment;  ///< `NAME=value`, added to this process's own
  sigset_t mask{};                       ///< its signal mask
  /// What it has as its standard input, output and error; -1: those of this process.
  std::array<int, 3> files = {-1, -1, -1};
};

/// Why it did not start, as a shell would say it: ExitStatus::NotFound or CannotRun.
struct CannotStart {
  int error_number = 0;
  int exit_status() const;
  std::string sentence(const std::string& program) const;
};

/// What operators see of who runs COMMAND: `pay.sh@web-3:4711`.
std::string name_of_process(const std::string& program);

/// Starts the program as the leader of a new process group, whose id is the one returned. It gets
/// SIGTERM if the calling thread ends before it. An exec that fails is told here, and leaves no
/// zombie. Throws std::system_error if there cannot be another process.
std::expected<pid_t, CannotStart> start_process(const ProcessOptions& options,
                                                const InheritedFiles& inherited);

}  // namespace cli
