// A thread that extends, since the call waits for the server.
#include "cli/flow/kept_attempt.h"

#include <algorithm>
#include <chrono>

namespace cli {
namespace {

/// By how much: the usual time-out of a task. A process that ends is noticed by its session, much
/// earlier; this bounds how long one goes unnoticed that lives and does not run.
constexpr auto kExtension = std::chrono::milliseconds(60'000);
/// How often: two tries may fail before it is over.
constexpr int kTries = 3;
constexpr auto kIntervalMin = std::chrono::milliseconds(1);

}  // namespace

KeptAttempt::KeptAttempt(turnstile::Attempt& attempt, bool extends) : attempt_(attempt) {
  if (!extends) return;
  extender_ = std::jthread([this](std::stop_token stop) { extend_until(std::move(stop)); });
}

Watched KeptAttempt::watched() {
  return {.name = "the task",
          .lost = attempt_.lost(),
          .is_held = [this] { return is_held(); },
          .wanted = attempt_.revoked()};
}

/// While it is being extended nobody else may look; then its stop token alone says if it is lost.
bool KeptAttempt::is_held() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  return !lock.owns_lock() || attempt_.is_held();
}

void KeptAttempt::extend_until(std::stop_token stop) {
  auto interval = std::clamp(attempt_.timeout() / kTries, kIntervalMin, kExtension / kTries);
  std::mutex asleep;
  std::unique_lock sleeping(asleep);
  while (!wake_.wait_for(sleeping, stop, interval, [] { return false; })) {
    if (stop.stop_requested()) return;
    const std::lock_guard lock(mutex_);
    // An error is no news: either the next try succeeds, or the attempt is lost and says so.
    if (attempt_.try_extend(kExtension)) interval = kExtension / kTries;
  }
}

}  // namespace cli
