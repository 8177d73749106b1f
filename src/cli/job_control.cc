// Passing the terminal between process groups.
#include "cli/job_control.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <csignal>

namespace cli {
namespace {

bool is_from_keyboard(int signal) {
  return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/// Such a process has no shell that would continue it.
bool is_session_leader() { return ::getsid(0) == ::getpid(); }

}  // namespace

JobControl::JobControl(pid_t group)
    : group_(group), terminal_(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)) {}

JobControl::~JobControl() {
  if (has_terminal(group_)) give_terminal(::getpgrp());
}

bool JobControl::has_terminal(pid_t group) const {
  return terminal_.is_open() && ::tcgetpgrp(terminal_.get()) == group;
}

void JobControl::give_terminal(pid_t group) const {
  sigset_t before;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTTOU);  // the kernel stops by it whoever does this in the background
  pthread_sigmask(SIG_BLOCK, &set, &before);
  ::tcsetpgrp(terminal_.get(), group);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void JobControl::group_stopped(int signal) {
  if (!is_from_keyboard(signal)) return;  // somebody wants it stopped, not us
  const bool ours = has_terminal(::getpgrp());
  const bool theirs = has_terminal(group_);
  if (ours && signal != SIGTSTP) {
    give_terminal(group_);
    ::kill(-group_, SIGCONT);
  } else if ((ours || theirs) && is_session_leader()) {
    ::kill(-group_, SIGCONT);
  } else if (ours || theirs) {
    had_terminal_ = theirs;
    if (theirs) give_terminal(::getpgrp());
    ::kill(0, SIGSTOP);
  }
}

void JobControl::continued() {
  if (had_terminal_ && has_terminal(::getpgrp())) give_terminal(group_);
  had_terminal_ = false;
}

}  // namespace cli
