// A list that is short, looked through at each moment that one of it is due.
#include "client/primitives/lease_keeper.h"

#include <algorithm>
#include <utility>

#include "client/conversation/operation.h"

namespace turnstile::client {
namespace {

// What is left of a time-out when a repeat is answered may be next to nothing.
constexpr Milliseconds kExtensionMin = std::chrono::seconds(1);

}  // namespace

LeaseKeeper::LeaseKeeper(std::shared_ptr<Engine> engine)
    : engine_(std::move(engine)), thread_([this] { run(); }) {}

LeaseKeeper::~LeaseKeeper() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    changed_.notify_one();
  }
  thread_.join();
}

void LeaseKeeper::keep(const std::shared_ptr<Hold>& hold, std::optional<Milliseconds> run_time,
                       std::stop_source stop) {
  const auto now = Clock::now();
  const Milliseconds timeout = hold->assignment->timeout;
  const std::lock_guard lock(mutex_);
  kept_.push_back({.hold = hold,
                   .stop = std::move(stop),
                   .extension = std::max(timeout, kExtensionMin),
                   .next = now + timeout / 3,
                   .run_until = run_time ? now + std::min(*run_time, Milliseconds(kWaitMax))
                                         : Clock::time_point::max()});
  changed_.notify_one();
}

void LeaseKeeper::let_go(const std::shared_ptr<Hold>& hold) {
  const std::lock_guard lock(mutex_);
  std::erase_if(kept_, [&](const Kept& kept) { return kept.hold == hold; });
}

void LeaseKeeper::run() {
  std::unique_lock lock(mutex_);
  while (!is_over_) {
    const auto now = Clock::now();
    std::vector<std::stop_source> overdue;
    auto next = now + std::chrono::hours(1);
    for (Kept& kept : kept_) {
      if (kept.run_until <= now) overdue.push_back(kept.stop);
      look_after(kept, now);
      next = std::min({next, kept.next, kept.run_until});
    }
    std::erase_if(kept_, [&](const Kept& kept) { return kept.run_until <= now; });
    if (overdue.empty()) {
      changed_.wait_until(lock, next);
      continue;
    }
    // What hangs on the stop tokens is the user's, and may take a lock of its own.
    lock.unlock();
    for (auto& stop : overdue) stop.request_stop();
    lock.lock();
  }
}

void LeaseKeeper::look_after(Kept& kept, Clock::time_point now) {
  if (kept.next > now) return;
  kept.next = now + kept.extension / 3;
  if (kept.run_until <= now || kept.hold->is_over || kept.is_asking->exchange(true)) return;
  const auto asked = base::Duration::from_ms(kept.extension.count());
  engine_->begin(make_renew(kept.hold, asked), {},
                 [is_asking = kept.is_asking](const Outcome&) { *is_asking = false; });
}

}  // namespace turnstile::client
