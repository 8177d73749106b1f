// A process of the world: its clock, and the right to run.
//
// Whatever is to run in a process goes through it, so that a process that is
// paused runs nothing, one that was killed never runs what was meant for its
// former life, and a machine that stands still sees no time pass.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <utility>

#include "base/check.h"
#include "base/time.h"
#include "sim/timeline.h"

namespace sim {

class Process {
 public:
  explicit Process(Timeline& timeline) : timeline_(timeline), anchor_(timeline.now()) {}
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // --- what runs in it

  /// Runs it now, or when the process goes on and has done what it works at. Dropped if the process
  /// dies before.
  void run(std::function<void()> what) {
    if (is_paused_ || is_working_ || is_behind_) {
      held_.push_back(std::move(what));
    } else {
      what();
    }
  }
  /// The same on a thread of its own, beside what the process works at.
  void run_beside(std::function<void()> what) {
    if (is_paused_) return run(std::move(what));
    what();
  }
  /// Works at one thing for so long, while the world goes on and what comes for the process waits.
  /// Call it from what runs in it. False if the process has died meanwhile: then return at once.
  bool work(base::Duration length) {
    const auto life = life_;
    const base::Time end = timeline_.now() + length;
    timeline_.at(end, [] {});
    is_working_ = true;
    while (life == life_ && (is_paused_ || timeline_.now() < end)) {
      const bool goes_on = timeline_.step(base::Time::never());
      CHECK(goes_on);
    }
    if (life != life_) return false;
    is_working_ = false;
    if (std::exchange(is_behind_, true)) return true;
    timeline_.after(base::Duration(), [this, life] {
      if (life == life_) catch_up();
    });
    return true;
  }
  void after(base::Duration true_delay, std::function<void()> what) {
    timeline_.after(true_delay, in_this_life(std::move(what)));
  }
  /// When its own clock shows `moment`.
  void at(base::Time moment, std::function<void()> what) {
    if (moment == base::Time::never()) return;
    timeline_.at(true_time_of(moment), in_this_life([this, moment, what = std::move(what)] {
                   // The clock has been slowed, or set to stand still, since.
                   if (now() < moment) return at(moment, what);
                   what();
                 }));
  }

  // --- its clock

  /// The monotonic clock.
  base::Time now() const {
    const auto passed = (timeline_.now() - anchor_).us();
    return shown_ +
           base::Duration::from_us(is_frozen_ ? 0 : passed + passed * rate_ppm_ / kMillion);
  }
  base::Time wall() const { return now() + wall_offset_; }
  void jump_wall(base::Duration by) { wall_offset_ = wall_offset_ + by; }
  /// How many millionths faster than true time its clocks run from now on.
  void set_rate(std::int64_t ppm) {
    re_anchor();
    rate_ppm_ = ppm;
  }

  // --- what is done to it

  /// Stops running; with `is_frozen` its clocks stand still, too, as in a machine that is moved.
  void pause(bool is_frozen) {
    re_anchor();
    is_paused_ = true;
    is_frozen_ = is_frozen;
  }
  void resume() {
    re_anchor();
    is_paused_ = is_frozen_ = false;
    catch_up();
  }
  bool is_paused() const { return is_paused_; }
  /// Nothing asked for until now runs any more. A new life may begin.
  void kill() {
    ++life_;
    held_.clear();
    re_anchor();
    is_paused_ = is_frozen_ = is_working_ = is_behind_ = false;
  }

 private:
  static constexpr std::int64_t kMillion = 1'000'000;

  std::function<void()> in_this_life(std::function<void()> what) {
    return [this, life = life_, what = std::move(what)] {
      if (life == life_) run(what);
    };
  }
  /// Runs what was held, in its order.
  void catch_up() {
    const auto life = life_;
    // Something of this may work, or pause or kill it again.
    while (!is_paused_ && !is_working_ && !held_.empty()) {
      const auto what = std::move(held_.front());
      held_.pop_front();
      what();
      if (life != life_) return;
    }
    if (held_.empty()) is_behind_ = false;
  }
  void re_anchor() {
    shown_ = now();
    anchor_ = timeline_.now();
  }
  base::Time true_time_of(base::Time moment) const {
    const auto left = std::max<std::int64_t>(0, (moment - now()).us());
    // Rounded up: a timer that rings early finds nothing due and would be set again at once.
    return timeline_.now() + base::Duration::from_us(left * kMillion / (kMillion + rate_ppm_) + 1);
  }

  Timeline& timeline_;
  std::uint64_t life_ = 0;
  std::deque<std::function<void()>> held_;
  bool is_paused_ = false;
  bool is_frozen_ = false;
  bool is_working_ = false;
  bool is_behind_ = false;  ///< what came while it worked is not done yet
  base::Time anchor_;       ///< true time at which it showed `shown_`
  base::Time shown_ = base::Time::from_us(1'000'000);
  std::int64_t rate_ppm_ = 0;
  base::Duration wall_offset_ = base::Duration::from_seconds(1'700'000'000);
};

}  // namespace sim
