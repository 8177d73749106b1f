// ReentrantMutex: each level is an acquisition by the same owner, and a release.
#include "turnstile/reentrant_mutex.h"

#include <utility>

#include "client/primitives/access.h"
#include "client/primitives/holds_by_thread.h"

namespace turnstile {

using client::HoldsByThread;

ReentrantMutex::ReentrantMutex(const Client& client, std::string key, AcquireOptions options)
    : holds_(std::make_unique<HoldsByThread>(client::Access::engine(client), std::move(key),
                                             std::move(options), HoldsByThread::Entry::Again)) {}

ReentrantMutex::~ReentrantMutex() = default;

const std::string& ReentrantMutex::key() const noexcept { return holds_->key(); }
void ReentrantMutex::lock() { holds_->lock(false); }
bool ReentrantMutex::try_lock() { return lock_within(Milliseconds(0)); }
bool ReentrantMutex::lock_within(Milliseconds wait) { return holds_->lock_within(wait, false); }
void ReentrantMutex::unlock() noexcept { holds_->unlock(); }
std::uint64_t ReentrantMutex::token() const noexcept { return holds_->token(); }
std::stop_token ReentrantMutex::lost() const noexcept { return holds_->lost(); }
std::stop_token ReentrantMutex::revoked() const noexcept { return holds_->revoked(); }
bool ReentrantMutex::is_held() const noexcept { return holds_->is_held(); }

}  // namespace turnstile
