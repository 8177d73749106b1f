// COMMAND and the terminal: who reads the keyboard, and what Ctrl-Z does.
//
// COMMAND has a process group of its own, so that it can be stopped together
// with its children; but a terminal lets only one group read, and begins with
// the one the shell put us in. COMMAND gets the terminal when it asks for it
// (the kernel then stops it by SIGTTIN or SIGTTOU), and not before: the rest
// of a pipeline may need it. When COMMAND is stopped from the keyboard, this
// process and its group stop too, so that the shell sees its job stopped.
#pragma once

#include <sys/types.h>

#include "cli/file_descriptor.h"

namespace cli {

/// Does nothing if there is no terminal.
class JobControl {
 public:
  explicit JobControl(pid_t group);
  /// Takes the terminal back.
  ~JobControl();
  JobControl(const JobControl&) = delete;
  JobControl& operator=(const JobControl&) = delete;

  /// The leader of the group was stopped by this signal. Either continues the group, or stops
  /// this process and returns when it is continued, or leaves everything as it is.
  void group_stopped(int signal);

  /// This process was continued: the terminal goes back to the group if it had it. To be called
  /// before the group itself is continued.
  void continued();

 private:
  bool has_terminal(pid_t group) const;
  void give_terminal(pid_t group) const;

  pid_t group_;
  FileDescriptor terminal_;
  bool had_terminal_ = false;  ///< when it was stopped
};

}  // namespace cli
