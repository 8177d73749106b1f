// UpgradeMutex: SharedMutex, and the conversions of its grant.
#include "turnstile/upgrade_mutex.h"

#include <utility>

#include "client/primitives/access.h"
#include "client/primitives/holds_by_thread.h"

namespace turnstile {

UpgradeMutex::UpgradeMutex(const Client& client, std::string key, AcquireOptions options)
    : holds_(std::make_unique<client::HoldsByThread>(client::Access::engine(client), std::move(key),
                                                     std::move(options))) {}

UpgradeMutex::~UpgradeMutex() = default;

const std::string& UpgradeMutex::key() const noexcept { return holds_->key(); }
void UpgradeMutex::lock() { holds_->lock(false); }
bool UpgradeMutex::try_lock() { return lock_within(Milliseconds(0), false); }
void UpgradeMutex::unlock() noexcept { holds_->unlock(); }
void UpgradeMutex::lock_shared() { holds_->lock(true); }
bool UpgradeMutex::try_lock_shared() { return lock_within(Milliseconds(0), true); }
void UpgradeMutex::unlock_shared() noexcept { holds_->unlock(); }
bool UpgradeMutex::lock_within(Milliseconds wait, bool shared) {
  return holds_->lock_within(wait, shared);
}

void UpgradeMutex::unlock_shared_and_lock() { holds_->upgrade(std::nullopt); }
bool UpgradeMutex::try_unlock_shared_and_lock() { return upgrade_within(Milliseconds(0)); }
bool UpgradeMutex::upgrade_within(Milliseconds wait) { return holds_->upgrade(wait); }
void UpgradeMutex::unlock_and_lock_shared() { holds_->downgrade(); }

std::uint64_t UpgradeMutex::token() const noexcept { return holds_->token(); }
std::stop_token UpgradeMutex::lost() const noexcept { return holds_->lost(); }
std::stop_token UpgradeMutex::revoked() const noexcept { return holds_->revoked(); }
bool UpgradeMutex::is_held() const noexcept { return holds_->is_held(); }

}  // namespace turnstile
