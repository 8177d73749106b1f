// The library's calls block, so they are made on a thread of their own.
#include "cli/interruptible.h"

#include <poll.h>

#include <exception>
#include <future>
#include <iterator>
#include <thread>

#include "cli/file_descriptor.h"
#include "turnstile/error.h"

namespace cli {
namespace {

/// How long an interrupted request may take to end in an orderly way. It takes longer only while
/// no server answers, and then there is nothing to give back.
constexpr int kWithdrawalMs = 2'000;

/// What the two threads share; whoever is last destroys it.
struct Attempt {
  std::promise<void> outcome;
  std::stop_source give_up;
  Event decided;
};

void run(const std::shared_ptr<Attempt>& attempt,
         const std::function<void(std::stop_token)>& wait) {
  try {
    wait(attempt->give_up.get_token());
    attempt->outcome.set_value();
  } catch (...) {
    attempt->outcome.set_exception(std::current_exception());
  }
  attempt->decided.set();
}

/// The next signal that asks us to end. Those that stop and continue a job are dealt with.
std::optional<int> next_ending(SignalQueue& signals) {
  while (const std::optional<int> signal = signals.next()) {
    switch (*signal) {
      case SIGCHLD:
      case SIGCONT:
      case SIGWINCH: break;
      case SIGTSTP: std::raise(SIGSTOP); break;
      default: return signal;
    }
  }
  return std::nullopt;
}

/// Nothing once the attempt is decided.
std::optional<int> wait_for_signal(const Attempt& attempt, SignalQueue& signals) {
  while (true) {
    pollfd watched[] = {{attempt.decided.fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}};
    ::poll(watched, std::size(watched), -1);
    if (watched[0].revents != 0) return std::nullopt;
    if (const std::optional<int> signal = next_ending(signals)) return signal;
  }
}

/// Gives up; true if the other thread has ended its work.
bool withdraw(Attempt& attempt) {
  attempt.give_up.request_stop();
  pollfd decided{attempt.decided.fd(), POLLIN, 0};
  return ::poll(&decided, 1, kWithdrawalMs) > 0;
}

}  // namespace

WaitEnd run_interruptibly(std::function<void(std::stop_token)> wait, SignalQueue& signals) {
  const auto attempt = std::make_shared<Attempt>();
  std::future<void> outcome = attempt->outcome.get_future();
  std::thread([attempt, wait = std::move(wait)] { run(attempt, wait); }).detach();
  const std::optional<int> signal = wait_for_signal(*attempt, signals);
  if (signal) return {.signal = signal, .is_over = withdraw(*attempt)};
  outcome.get();
  return {};
}

}  // namespace cli
