// The loop around poll() that watches signals, the lock and the clock.
#include "cli/supervisor.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/check.h"
#include "cli/exit_status.h"

namespace cli {
namespace {

/// How often the rest of a group is looked for whose leader has ended; there is no news of it.
constexpr int kLookAgainMs = 20;

bool exists(pid_t group) { return ::kill(-group, 0) == 0 || errno != ESRCH; }

}  // namespace

Supervisor::Supervisor(pid_t group, const turnstile::Grant& grant, SignalQueue& signals,
                       StopRules rules)
    : group_(group), grant_(grant), signals_(signals), rules_(rules), job_control_(group) {}

void Supervisor::run() {
  const std::stop_callback on_lost(grant_.lost(), [this] { lost_.set(); });
  look_at_child();
  while (!is_over()) {
    wait_for_news();
    while (const std::optional<int> signal = signals_.next()) handle(*signal);
    stop_if_lost();
    kill_when_due();
  }
}

/// Where the lock was lost, nothing of COMMAND may go on.
bool Supervisor::is_over() const {
  if (!wait_status_) return false;
  return !was_lost() || killed_ || !exists(group_);
}

int Supervisor::timeout_ms() const {
  if (!kill_at_ || killed_) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*kill_at_ - Clock::now()).count();
  const int until_kill = static_cast<int>(std::max<std::int64_t>(left, 0));
  return wait_status_ ? std::min(until_kill, kLookAgainMs) : until_kill;
}

void Supervisor::wait_for_news() {
  // The loss is news once; after it the event would only wake us again and again.
  pollfd watched[] = {{signals_.fd(), POLLIN, 0}, {was_lost() ? -1 : lost_.fd(), POLLIN, 0}};
  ::poll(watched, std::size(watched), timeout_ms());
}

void Supervisor::handle(int signal) {
  if (signal == SIGCHLD) return look_at_child();
  if (wait_status_) return;
  if (signal == SIGCONT) {
    job_control_.continued();
    stop_if_lost();  // before COMMAND does a single step more
  }
  ::kill(-group_, signal);
}

void Supervisor::look_at_child() {
  int status = 0;
  while (!wait_status_ && ::waitpid(group_, &status, WNOHANG | WUNTRACED) == group_) {
    if (WIFSTOPPED(status)) {
      job_control_.group_stopped(WSTOPSIG(status));
    } else {
      wait_status_ = status;
    }
  }
}

void Supervisor::stop_if_lost() {
  if (was_lost() || wait_status_) return;
  if (grant_.is_held() && !grant_.lost().stop_requested()) return;
  fmt::print(stderr, "turnstile: the lock is lost; stopping COMMAND by {}\n",
             signal_text(rules_.signal));
  kill_at_ = Clock::now() + rules_.grace;
  ::kill(-group_, rules_.signal);
  ::kill(-group_, SIGCONT);  // in case it is stopped: then it would not see the signal
}

void Supervisor::kill_when_due() {
  if (!kill_at_ || killed_ || Clock::now() < *kill_at_ || is_over()) return;
  ::kill(-group_, SIGKILL);
  killed_ = true;
}

int Supervisor::exit_status() const {
  CHECK(wait_status_.has_value());
  if (WIFSIGNALED(*wait_status_)) return status_of_signal(WTERMSIG(*wait_status_));
  return WEXITSTATUS(*wait_status_);
}

}  // namespace cli
