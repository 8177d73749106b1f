// The library's calls block, so they are made on a thread of their own.
#include "cli/acquisition.h"

#include <poll.h>

#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "cli/file_descriptor.h"

namespace cli {
namespace {

/// How long an interrupted request may take to end in an orderly way. It takes longer only while
/// no server answers, and then there is nothing to give back.
constexpr int kWithdrawalMs = 2'000;

/// What the two threads share; whoever is last destroys it.
struct Attempt {
  std::promise<HeldLock> outcome;
  std::stop_source give_up;
  Event decided;
};

HeldLock connect_and_acquire(AcquisitionRequest request, std::stop_token give_up) {
  turnstile::Client client = turnstile::Client::connect(request.url, std::move(request.client));
  request.options.stop = std::move(give_up);
  turnstile::Grant grant = request.acquire(client, std::move(request.options));
  return {std::move(client), std::move(grant)};
}

void run(const std::shared_ptr<Attempt>& attempt, AcquisitionRequest request) {
  try {
    attempt->outcome.set_value(
        connect_and_acquire(std::move(request), attempt->give_up.get_token()));
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

/// Gives up, and gives back what was granted before that was heard.
void withdraw(Attempt& attempt, std::future<HeldLock>& outcome) {
  attempt.give_up.request_stop();
  pollfd decided{attempt.decided.fd(), POLLIN, 0};
  if (::poll(&decided, 1, kWithdrawalMs) <= 0) return;
  try {
    outcome.get().client.close();
  } catch (const turnstile::Error&) {
    return;  // nothing was granted, as was asked for
  }
}

}  // namespace

std::variant<HeldLock, Interrupted> acquire(AcquisitionRequest request, SignalQueue& signals) {
  const auto attempt = std::make_shared<Attempt>();
  std::future<HeldLock> outcome = attempt->outcome.get_future();
  std::thread(run, attempt, std::move(request)).detach();
  const std::optional<int> signal = wait_for_signal(*attempt, signals);
  if (!signal) return outcome.get();
  withdraw(*attempt, outcome);
  return Interrupted{*signal};
}

}  // namespace cli
