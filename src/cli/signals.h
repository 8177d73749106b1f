// Signals as a queue to be read, instead of handlers that may do next to nothing.
#pragma once

#include <csignal>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/file_descriptor.h"

namespace cli {

/// Reads `TERM`, `SIGTERM` or `15`. Fault::Usage if there is no such signal.
base::Result<int> parse_signal(std::string_view text);

/// `SIGTERM`; `signal 40` for one without a name.
std::string signal_text(int signal);

/// While it lives, the signals that a person or a supervisor sends (INT, TERM, HUP, QUIT, USR1,
/// USR2, TSTP, CONT, WINCH) and CHLD are blocked in this thread, and in those started from it, and
/// can be read here. Create it before any other thread. A signal that was ignored before stays so.
class SignalQueue {
 public:
  /// Throws std::system_error.
  SignalQueue();
  ~SignalQueue();
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;

  /// Readable while next() has something.
  int fd() const { return fd_.get(); }
  /// The next signal; nothing if there is none yet.
  std::optional<int> next();

  /// The mask of before, for a child.
  const sigset_t& mask_before() const { return mask_before_; }

 private:
  sigset_t mask_before_{};
  FileDescriptor fd_;
};

/// Ends this process by the signal, as if it had never been blocked. Returns if it is ignored.
void die_by(int signal);

}  // namespace cli
