// Mutex and SharedMutex over Client::lock. The standard's interface names the
// holder by the thread that calls, so the grants of an object are kept by thread.
#include "turnstile/mutex.h"

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "client/engine/engine.h"

namespace turnstile {

/// The grants of one mutex object, at most one a thread. Thread-safe.
class client::HoldsByThread {
 public:
  HoldsByThread(std::shared_ptr<Engine> engine, std::string key, AcquireOptions options)
      : client_(std::move(engine)), key_(std::move(key)), options_(std::move(options)) {}

  const std::string& key() const { return key_; }
  const AcquireOptions& options() const { return options_; }

  /// Waits so long, or without limit. False if it was not granted in that time.
  bool lock(std::optional<Milliseconds> wait, bool shared) {
    if (is_here()) {
      throw Error(ErrorCode::Deadlock, "DEADLOCK this thread holds '" + key_ + "' already");
    }
    auto options = options_;
    options.wait = wait;
    options.shared = shared;
    auto operation = make_acquire({Key(key_)}, options, true);
    auto outcome = client_->perform(std::move(operation), options.stop);
    if (outcome.error && outcome.error->code() == ErrorCode::Busy && wait) return false;
    if (outcome.error) throw *std::move(outcome.error);
    const std::lock_guard guard(mutex_);
    holds_.emplace_back(std::this_thread::get_id(), std::move(outcome.hold));
    return true;
  }

  void unlock() noexcept {
    const auto hold = take();
    if (hold && !hold->is_over.exchange(true)) client_->submit(make_release(hold));
  }

  std::shared_ptr<Hold> find() const noexcept {
    const std::lock_guard guard(mutex_);
    const auto found = std::ranges::find(holds_, std::this_thread::get_id(), &Entry::first);
    return found == holds_.end() ? nullptr : found->second;
  }

  void unlock_all() noexcept {
    for (auto& [thread, hold] : holds_) {
      if (!hold->is_over.exchange(true)) client_->submit(make_release(hold));
    }
  }

 private:
  using Entry = std::pair<std::thread::id, std::shared_ptr<Hold>>;

  bool is_here() const { return find() != nullptr; }

  std::shared_ptr<Hold> take() noexcept {
    const std::lock_guard guard(mutex_);
    const auto found = std::ranges::find(holds_, std::this_thread::get_id(), &Entry::first);
    if (found == holds_.end()) return nullptr;
    auto hold = std::move(found->second);
    holds_.erase(found);
    return hold;
  }

  const std::shared_ptr<Engine> client_;
  const std::string key_;
  const AcquireOptions options_;
  mutable std::mutex mutex_;
  std::vector<Entry> holds_;
};

namespace {

void lock_or_throw(client::HoldsByThread& holds, bool shared) {
  if (holds.lock(holds.options().wait, shared)) return;
  throw Error(ErrorCode::Busy, "BUSY '" + holds.key() + "' was not granted in time");
}

std::uint64_t token_of(const client::HoldsByThread& holds) noexcept {
  const auto hold = holds.find();
  return hold ? hold->token : 0;
}

std::stop_token lost_of(const client::HoldsByThread& holds) noexcept {
  const auto hold = holds.find();
  return hold ? hold->lost.get_token() : std::stop_token();
}

bool is_held_of(const client::HoldsByThread& holds) noexcept {
  const auto hold = holds.find();
  const auto now = Clock::now().time_since_epoch();
  return hold && hold->is_held(base::Time::from_us(now.count()));
}

}  // namespace

// --- Mutex

Mutex::Mutex(const Client& client, std::string key, AcquireOptions options)
    : holds_(std::make_unique<client::HoldsByThread>(client.engine_, std::move(key),
                                                     std::move(options))) {}

Mutex::~Mutex() { holds_->unlock_all(); }

const std::string& Mutex::key() const noexcept { return holds_->key(); }
void Mutex::lock() { lock_or_throw(*holds_, false); }
bool Mutex::try_lock() { return lock_within(Milliseconds(0)); }
bool Mutex::lock_within(Milliseconds wait) { return holds_->lock(wait, false); }
void Mutex::unlock() noexcept { holds_->unlock(); }
std::uint64_t Mutex::token() const noexcept { return token_of(*holds_); }
std::stop_token Mutex::lost() const noexcept { return lost_of(*holds_); }
bool Mutex::is_held() const noexcept { return is_held_of(*holds_); }

// --- SharedMutex

SharedMutex::SharedMutex(const Client& client, std::string key, AcquireOptions options)
    : holds_(std::make_unique<client::HoldsByThread>(client.engine_, std::move(key),
                                                     std::move(options))) {}

SharedMutex::~SharedMutex() { holds_->unlock_all(); }

const std::string& SharedMutex::key() const noexcept { return holds_->key(); }
void SharedMutex::lock() { lock_or_throw(*holds_, false); }
bool SharedMutex::try_lock() { return lock_within(Milliseconds(0), false); }
void SharedMutex::unlock() noexcept { holds_->unlock(); }
void SharedMutex::lock_shared() { lock_or_throw(*holds_, true); }
bool SharedMutex::try_lock_shared() { return lock_within(Milliseconds(0), true); }
void SharedMutex::unlock_shared() noexcept { holds_->unlock(); }
bool SharedMutex::lock_within(Milliseconds wait, bool shared) { return holds_->lock(wait, shared); }
std::uint64_t SharedMutex::token() const noexcept { return token_of(*holds_); }
std::stop_token SharedMutex::lost() const noexcept { return lost_of(*holds_); }
bool SharedMutex::is_held() const noexcept { return is_held_of(*holds_); }

}  // namespace turnstile
