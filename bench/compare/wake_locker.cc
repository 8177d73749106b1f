// See wake_locker.h.
#include "wake_locker.h"

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace bench {
namespace {

/// A thread that waits until it is woken.
class Sleeper {
 public:
  void sleep() {
    std::unique_lock lock(mutex_);
    woken_.wait(lock, [this] { return is_woken_; });
    is_woken_ = false;
  }
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      is_woken_ = true;
    }
    woken_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_woken_ = false;
};

/// Answers everything at once, and many requests with one wake of its own.
class Engine {
 public:
  void ask(Sleeper& asker) {
    bool is_first = false;
    {
      const std::lock_guard lock(mutex_);
      is_first = askers_.empty();
      askers_.push_back(&asker);
    }
    if (is_first) asked_.notify_one();
    asker.sleep();
  }

 private:
  void run(const std::stop_token& stop) {
    for (;;) {
      std::vector<Sleeper*> askers;
      {
        std::unique_lock lock(mutex_);
        if (!asked_.wait(lock, stop, [this] { return !askers_.empty(); })) return;
        askers.swap(askers_);
      }
      for (Sleeper* asker : askers) asker->wake();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any asked_;
  std::vector<Sleeper*> askers_;
  std::jthread thread_{[this](const std::stop_token& stop) { run(stop); }};  // last: it uses all
};

class WakeLocker final : public Locker {
 public:
  explicit WakeLocker(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}

  std::uint64_t lock(const std::string&) override {
    engine_->ask(sleeper_);
    return kNoToken;
  }
  void unlock() override { engine_->ask(sleeper_); }

 private:
  std::shared_ptr<Engine> engine_;
  Sleeper sleeper_;
};

}  // namespace

std::vector<std::unique_ptr<Locker>> make_wake_lockers(int workers) {
  const auto engine = std::make_shared<Engine>();
  std::vector<std::unique_ptr<Locker>> lockers;
  for (int i = 0; i < workers; ++i) lockers.push_back(std::make_unique<WakeLocker>(engine));
  return lockers;
}

}  // namespace bench
