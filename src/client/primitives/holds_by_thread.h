// The grants of one mutex object. The standard's interface names the holder by the
// thread that calls, and so they are kept by thread.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/engine/engine.h"
#include "turnstile/options.h"

namespace turnstile::client {

/// Thread-safe.
class HoldsByThread {
 public:
  enum class Entry { Once, Again };  ///< may a thread that has it lock it again?

  HoldsByThread(std::shared_ptr<Engine> engine, std::string key, AcquireOptions options,
                Entry entry = Entry::Once);
  /// Gives back what any thread has.
  ~HoldsByThread();
  HoldsByThread(const HoldsByThread&) = delete;
  HoldsByThread& operator=(const HoldsByThread&) = delete;

  const std::string& key() const { return key_; }

  /// Waits as the options say. Throws what Client::lock() throws, and Deadlock if this thread
  /// has it and may not enter it again.
  void lock(bool shared);
  /// Waits so long. False if it was not granted in that time; throws all else.
  bool lock_within(Milliseconds wait, bool shared);
  /// Gives back what this thread acquired last; nothing if it has nothing.
  void unlock() noexcept;

  /// From shared to alone; without a wait, without limit. False if it was not possible in
  /// that time; throws all else, and Invalid if this thread has nothing.
  bool upgrade(std::optional<Milliseconds> wait);
  /// From alone to shared. Throws.
  void downgrade();

  // Of this thread's hold, or what stands for none.
  std::uint64_t token() const noexcept;
  std::stop_token lost() const noexcept;
  std::stop_token revoked() const noexcept;
  bool is_held() const noexcept;

 private:
  using HoldPtr = std::shared_ptr<Hold>;
  using Item = std::pair<std::thread::id, HoldPtr>;

  bool acquire(std::optional<Milliseconds> wait, bool shared);
  HoldPtr find() const noexcept;
  HoldPtr find_or_throw() const;
  HoldPtr take() noexcept;
  void give_back(const HoldPtr& hold) noexcept;

  const std::shared_ptr<Engine> engine_;
  const std::string key_;
  const AcquireOptions options_;
  const Entry entry_;
  mutable std::mutex mutex_;
  std::vector<Item> holds_;
};

}  // namespace turnstile::client
