// Signals through a signalfd.
#include "cli/signals.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

namespace cli {
namespace {

constexpr int kQueued[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,  SIGUSR1,
                           SIGUSR2, SIGTSTP, SIGCONT, SIGWINCH, SIGCHLD};

bool is_ignored(int signal) {
  struct sigaction action{};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

/// A blocked signal is queued even if it is ignored, so those that are ignored are left alone.
sigset_t queued_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kQueued) {
    if (!is_ignored(signal)) sigaddset(&set, signal);
  }
  return set;
}

std::optional<int> find_by_name(std::string_view name) {
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* known = sigabbrev_np(signal);
    if (known != nullptr && name == known) return signal;
  }
  return std::nullopt;
}

}  // namespace

base::Result<int> parse_signal(std::string_view text) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [read_to, error] = std::from_chars(text.data(), end, number);
  const bool is_number = error == std::errc() && read_to == end;
  if (is_number && number >= 1 && number <= SIGRTMAX) return number;
  if (const std::optional<int> found = find_by_name(text)) return *found;
  return base::failure(base::Fault::Usage,
                       fmt::format("there is no signal '{}'; write TERM, INT or a number", text));
}

std::string signal_text(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

SignalQueue::SignalQueue() {
  // A parent may have had CHLD ignored; then the ends of our children would pass unseen.
  std::signal(SIGCHLD, SIG_DFL);
  const sigset_t queued = queued_signals();
  pthread_sigmask(SIG_BLOCK, &queued, &mask_before_);
  fd_ = FileDescriptor(::signalfd(-1, &queued, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd_.is_open()) throw std::system_error(errno, std::generic_category(), "signalfd");
}

SignalQueue::~SignalQueue() { pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr); }

std::optional<int> SignalQueue::next() {
  signalfd_siginfo info{};
  const ssize_t size = ::read(fd_.get(), &info, sizeof(info));
  if (size != static_cast<ssize_t>(sizeof(info))) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

void die_by(int signal) {
  std::signal(signal, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  ::kill(::getpid(), signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);  // here it is delivered
}

}  // namespace cli
