// The loop around poll() that watches signals, the hold, the clock, and what COMMAND writes.
#include "cli/supervisor.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "cli/exit_status.h"

namespace cli {
namespace {

/// How often the rest of a group is looked for whose leader has ended; there is no news of it.
constexpr int kLookAgainMs = 20;

bool asks_to_end(int signal) {
  return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

bool exists(pid_t group) { return ::kill(-group, 0) == 0 || errno != ESRCH; }

}  // namespace

Supervisor::Supervisor(pid_t group, Watched watched, SignalQueue& signals, StopRules rules,
                       Capture* capture)
    : group_(group),
      watched_(std::move(watched)),
      signals_(signals),
      rules_(rules),
      job_control_(group),
      capture_(capture) {}

void Supervisor::run() {
  const std::stop_callback on_lost(watched_.lost, [this] { news_.set(); });
  const std::stop_callback on_wanted(watched_.wanted, [this] { news_.set(); });
  look_at_child();
  while (!is_over()) {
    wait_for_news();
    while (const std::optional<int> signal = signals_.next()) handle(*signal);
    stop_if_lost();
    kill_when_due();
  }
  if (capture_ != nullptr) capture_->read_rest();
}

/// Where the child is stopped, nothing of COMMAND may go on.
bool Supervisor::is_over() const {
  if (!wait_status_) return false;
  return !kill_at_ || killed_ || !exists(group_);
}

int Supervisor::timeout_ms() const {
  if (!kill_at_ || killed_) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*kill_at_ - Clock::now()).count();
  const int until_kill = static_cast<int>(std::max<std::int64_t>(left, 0));
  return wait_status_ ? std::min(until_kill, kLookAgainMs) : until_kill;
}

void Supervisor::wait_for_news() {
  // It is news once; after that it would only wake us again and again.
  pollfd watched[] = {{signals_.fd(), POLLIN, 0},
                      {kill_at_ ? -1 : news_.fd(), POLLIN, 0},
                      {capture_ == nullptr ? -1 : capture_->output_fd(), POLLIN, 0},
                      {capture_ == nullptr ? -1 : capture_->errors_fd(), POLLIN, 0}};
  ::poll(watched, std::size(watched), timeout_ms());
  if (watched[2].revents != 0) capture_->read_output();
  if (watched[3].revents != 0) capture_->read_errors();
}

void Supervisor::handle(int signal) {
  if (signal == SIGCHLD) return look_at_child();
  if (wait_status_) return;
  if (signal == SIGCONT) {
    job_control_.continued();
    stop_if_lost();  // before COMMAND does a single step more
  }
  if (asks_to_end(signal) && !asked_to_end_) asked_to_end_ = signal;
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
  if (was_lost_ || wait_status_) return;
  if (!watched_.is_held() || watched_.lost.stop_requested()) {
    was_lost_ = true;
    stop("is lost");
  } else if (!kill_at_ && watched_.wanted.stop_requested()) {
    stop("is wanted by somebody of higher priority");
  }
}

void Supervisor::stop(const char* why) {
  fmt::print(stderr, "turnstile: {} {}; stopping COMMAND by {}\n", watched_.name, why,
             signal_text(rules_.signal));
  if (!kill_at_) kill_at_ = Clock::now() + rules_.grace;
  ::kill(-group_, rules_.signal);
  ::kill(-group_, SIGCONT);  // in case it is stopped: then it would not see the signal
}

void Supervisor::kill_when_due() {
  if (!kill_at_ || killed_ || Clock::now() < *kill_at_ || is_over()) return;
  ::kill(-group_, SIGKILL);
  killed_ = true;
}

bool Supervisor::was_killed() const { return wait_status_ && WIFSIGNALED(*wait_status_); }

int Supervisor::exit_status() const {
  CHECK(wait_status_.has_value());
  if (WIFSIGNALED(*wait_status_)) return status_of_signal(WTERMSIG(*wait_status_));
  return WEXITSTATUS(*wait_status_);
}

}  // namespace cli
