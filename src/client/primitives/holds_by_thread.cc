// The registry of a mutex object, and what its interface has in common.
#include "client/primitives/holds_by_thread.h"

#include <fmt/format.h>

#include <algorithm>

#include "client/engine/clock.h"
#include "client/primitives/agent.h"

namespace turnstile::client {

HoldsByThread::HoldsByThread(std::shared_ptr<Engine> engine, std::string key,
                             AcquireOptions options, Entry entry)
    : engine_(std::move(engine)),
      key_(std::move(key)),
      options_(std::move(options)),
      entry_(entry) {}

HoldsByThread::~HoldsByThread() {
  for (const auto& [thread, hold] : holds_) give_back(hold);
}

void HoldsByThread::lock(bool shared) {
  if (acquire(options_.wait, shared)) return;
  throw Error(ErrorCode::Busy, fmt::format("BUSY '{}' was not granted in time", key_));
}

bool HoldsByThread::lock_within(Milliseconds wait, bool shared) { return acquire(wait, shared); }

bool HoldsByThread::acquire(std::optional<Milliseconds> wait, bool shared) {
  if (entry_ == Entry::Once && find() != nullptr) {
    throw Error(ErrorCode::Deadlock, fmt::format("DEADLOCK this thread holds '{}' already", key_));
  }
  auto options = options_;
  options.wait = wait;
  options.shared = shared;
  if (entry_ == Entry::Again) options.owner = name_of_this_thread();
  auto operation = make_acquire({Key(key_)}, with_agent(std::move(options)), true);
  auto outcome = engine_->perform(std::move(operation), options_.stop);
  if (outcome.error && outcome.error->code() == ErrorCode::Busy && wait) return false;
  if (outcome.error) throw *std::move(outcome.error);
  const std::lock_guard guard(mutex_);
  holds_.emplace_back(std::this_thread::get_id(), std::move(outcome.hold));
  return true;
}

void HoldsByThread::unlock() noexcept {
  if (const auto hold = take()) give_back(hold);
}

bool HoldsByThread::upgrade(std::optional<Milliseconds> wait) {
  auto operation = make_upgrade(find_or_throw(), key_, wait, true);
  const auto outcome = engine_->perform(std::move(operation), options_.stop);
  if (outcome.error && outcome.error->code() == ErrorCode::Busy && wait) return false;
  if (outcome.error) throw *outcome.error;
  return true;
}

void HoldsByThread::downgrade() {
  const auto outcome = engine_->perform(make_downgrade(find_or_throw(), key_));
  if (outcome.error) throw *outcome.error;
}

std::uint64_t HoldsByThread::token() const noexcept {
  const auto hold = find();
  return hold ? hold->token.load() : 0;
}

std::stop_token HoldsByThread::lost() const noexcept {
  const auto hold = find();
  return hold ? hold->alarm.lost() : std::stop_token();
}

std::stop_token HoldsByThread::revoked() const noexcept {
  const auto hold = find();
  return hold ? hold->alarm.revoked() : std::stop_token();
}

bool HoldsByThread::is_held() const noexcept {
  const auto hold = find();
  return hold && hold->is_held(boot_now());
}

/// The one that was acquired last.
HoldsByThread::HoldPtr HoldsByThread::find() const noexcept {
  const std::lock_guard guard(mutex_);
  const auto found = std::find_if(holds_.rbegin(), holds_.rend(), [](const Item& item) {
    return item.first == std::this_thread::get_id();
  });
  return found == holds_.rend() ? nullptr : found->second;
}

HoldsByThread::HoldPtr HoldsByThread::find_or_throw() const {
  if (auto hold = find()) return hold;
  throw Error(ErrorCode::Invalid, fmt::format("ERR this thread does not hold '{}'", key_));
}

HoldsByThread::HoldPtr HoldsByThread::take() noexcept {
  const std::lock_guard guard(mutex_);
  const auto found = std::find_if(holds_.rbegin(), holds_.rend(), [](const Item& item) {
    return item.first == std::this_thread::get_id();
  });
  if (found == holds_.rend()) return nullptr;
  auto hold = std::move(found->second);
  holds_.erase(std::next(found).base());
  return hold;
}

void HoldsByThread::give_back(const HoldPtr& hold) noexcept {
  if (!hold->is_over.exchange(true)) engine_->submit(make_release(hold));
}

}  // namespace turnstile::client
