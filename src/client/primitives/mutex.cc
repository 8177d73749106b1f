// Mutex and SharedMutex: the standard's words for what HoldsByThread does.
#include "turnstile/mutex.h"

#include <utility>

#include "client/primitives/access.h"
#include "client/primitives/holds_by_thread.h"

namespace turnstile {

// --- Mutex

Mutex::Mutex(const Client& client, std::string key, AcquireOptions options)
    : holds_(std::make_unique<client::HoldsByThread>(client::Access::engine(client), std::move(key),
                                                     std::move(options))) {}

Mutex::~Mutex() = default;

const std::string& Mutex::key() const noexcept { return holds_->key(); }
void Mutex::lock() { holds_->lock(false); }
bool Mutex::try_lock() { return lock_within(Milliseconds(0)); }
bool Mutex::lock_within(Milliseconds wait) { return holds_->lock_within(wait, false); }
void Mutex::unlock() noexcept { holds_->unlock(); }
std::uint64_t Mutex::token() const noexcept { return holds_->token(); }
std::stop_token Mutex::lost() const noexcept { return holds_->lost(); }
std::stop_token Mutex::revoked() const noexcept { return holds_->revoked(); }
bool Mutex::is_held() const noexcept { return holds_->is_held(); }

// --- SharedMutex

SharedMutex::SharedMutex(const Client& client, std::string key, AcquireOptions options)
    : holds_(std::make_unique<client::HoldsByThread>(client::Access::engine(client), std::move(key),
                                                     std::move(options))) {}

SharedMutex::~SharedMutex() = default;

const std::string& SharedMutex::key() const noexcept { return holds_->key(); }
void SharedMutex::lock() { holds_->lock(false); }
bool SharedMutex::try_lock() { return lock_within(Milliseconds(0), false); }
void SharedMutex::unlock() noexcept { holds_->unlock(); }
void SharedMutex::lock_shared() { holds_->lock(true); }
bool SharedMutex::try_lock_shared() { return lock_within(Milliseconds(0), true); }
void SharedMutex::unlock_shared() noexcept { holds_->unlock(); }
bool SharedMutex::lock_within(Milliseconds wait, bool shared) {
  return holds_->lock_within(wait, shared);
}
std::uint64_t SharedMutex::token() const noexcept { return holds_->token(); }
std::stop_token SharedMutex::lost() const noexcept { return holds_->lost(); }
std::stop_token SharedMutex::revoked() const noexcept { return holds_->revoked(); }
bool SharedMutex::is_held() const noexcept { return holds_->is_held(); }

}  // namespace turnstile
