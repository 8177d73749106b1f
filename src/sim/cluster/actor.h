// Blocking code in virtual time: threads of which one runs at a time, and only
// until it waits for something. The timeline says who goes on.
//
// Host is what such threads die, stand still and are cut off with.
#pragma once

#include <functional>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

#include "base/time.h"
#include "sim/timeline.h"

namespace sim {

class Host;

class Actor : public std::enable_shared_from_this<Actor> {
 public:
  /// Begins to run `play` at once in virtual time. Nobody else runs until it waits.
  static std::shared_ptr<Actor> start(Timeline& timeline, Host& host, std::function<void()> play);
  /// Only after it has ended.
  ~Actor();

  /// The one that runs; null on the thread of the timeline.
  static Actor* current();

  Host& host() { return host_; }
  bool has_ended() const { return has_ended_; }
  /// For itself: until then, or until somebody wakes it. On a dead host it does not take long.
  void wait_until(base::Time due);
  /// For others, and while it does not run.
  void wake();
  /// What was held back while the host stood still.
  void go_on_if_held();

 private:
  Actor(Timeline& timeline, Host& host, std::function<void()> play);
  void run(std::uint64_t wait);

  Timeline& timeline_;
  Host& host_;
  std::function<void()> play_;
  std::binary_semaphore go_{0};
  std::binary_semaphore back_{0};
  std::uint64_t wait_ = 1;  ///< the number of the present wait; what belongs to another is stale
  bool is_held_ = false;
  bool has_ended_ = false;
  std::thread thread_;
};

/// A machine with a node on it.
class Host {
 public:
  explicit Host(Timeline& timeline) : timeline_(timeline) {}

  std::shared_ptr<Actor> start(std::function<void()> play);
  bool is_dead() const { return is_dead_; }
  bool is_paused() const { return is_paused_; }
  bool is_cut_off() const { return timeline_.now() < cut_until_; }
  /// Whether something that comes to it now arrives.
  bool hears() const { return !is_dead_ && !is_paused_ && !is_cut_off(); }

  /// Whatever runs on it comes to its end, unheard by anybody.
  void die();
  void pause() { is_paused_ = true; }
  void resume();
  void cut_off(base::Time until) { cut_until_ = until; }
  bool has_ended() const;

 private:
  Timeline& timeline_;
  std::vector<std::shared_ptr<Actor>> actors_;
  bool is_dead_ = false;
  bool is_paused_ = false;
  base::Time cut_until_;
};

}  // namespace sim
