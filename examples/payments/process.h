// A child process, which does not outlive its parent.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace payments {

/// A file descriptor that closes itself; -1 for none.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { close(); }

  int get() const { return number_; }
  int release();
  void close();

 private:
  int number_;
};

/// Both ends are closed in every child, but for those that are its stdin and stdout: a worker
/// must see the end of its orders although others were started later.
struct Pipe {
  Descriptor read;
  Descriptor write;
};

/// Throws std::system_error.
Pipe make_pipe();

/// Where a child's stdin, stdout and stderr go; those that are not given stay the parent's.
struct Redirections {
  int in = -1;
  int out = -1;
  int error = -1;
};

/// Killed, if it still runs, when this object goes. It is in a process group of its
/// own, so that a Ctrl-C in the terminal is the parent's alone.
class Process {
 public:
  /// Throws std::system_error. A program that cannot be executed ends with status 127.
  Process(const std::vector<std::string>& argv, const Redirections& redirections);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }

  /// Does nothing once it has ended.
  void signal(int number);

  /// How it ended, as waitpid tells it; nothing while it runs.
  std::optional<int> status();

  /// The same, after waiting for its end at most that long.
  std::optional<int> wait_for(std::chrono::milliseconds patience);

  /// Waits until it is stopped by a signal (true) or has ended (false).
  bool wait_until_stopped();

 private:
  pid_t pid_ = 0;
  std::optional<int> status_;
};

/// "status 1", "signal 9".
std::string describe_end(int status);

}  // namespace payments
