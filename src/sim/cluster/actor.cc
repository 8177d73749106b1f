// Handing the right to run to and fro.
#include "sim/cluster/actor.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace sim {
namespace {

/// What a dead process still does, nobody hears of; this is how long it takes to a loop.
constexpr base::Duration kLastSteps = base::Duration::from_ms(50);

thread_local Actor* current_actor = nullptr;

}  // namespace

Actor* Actor::current() { return current_actor; }

Actor::Actor(Timeline& timeline, Host& host, std::function<void()> play)
    : timeline_(timeline), host_(host), play_(std::move(play)) {}

std::shared_ptr<Actor> Actor::start(Timeline& timeline, Host& host, std::function<void()> play) {
  auto actor = std::shared_ptr<Actor>(new Actor(timeline, host, std::move(play)));
  actor->thread_ = std::thread([self = actor.get()] {
    self->go_.acquire();
    current_actor = self;
    self->play_();
    self->has_ended_ = true;
    self->back_.release();
  });
  timeline.at(timeline.now(), [actor] { actor->run(1); });
  return actor;
}

Actor::~Actor() {
  CHECK(has_ended_);
  thread_.join();
}

void Actor::run(std::uint64_t wait) {
  if (has_ended_ || wait != wait_) return;
  if (host_.is_paused() && !host_.is_dead()) {
    is_held_ = true;
    return;
  }
  ++wait_;  // so that nothing else resumes it from this wait
  go_.release();
  back_.acquire();
}

void Actor::wait_until(base::Time due) {
  CHECK(current_actor == this);
  if (host_.is_dead()) due = std::min(due, timeline_.now() + kLastSteps);
  const std::uint64_t wait = ++wait_;
  timeline_.at(due, [self = shared_from_this(), wait] { self->run(wait); });
  back_.release();
  go_.acquire();
}

void Actor::wake() {
  timeline_.at(timeline_.now(), [self = shared_from_this(), wait = wait_] { self->run(wait); });
}

void Actor::go_on_if_held() {
  if (std::exchange(is_held_, false)) wake();
}

// --- the host

std::shared_ptr<Actor> Host::start(std::function<void()> play) {
  actors_.push_back(Actor::start(timeline_, *this, std::move(play)));
  return actors_.back();
}

void Host::die() {
  is_dead_ = true;
  is_paused_ = false;
  for (const auto& actor : actors_) actor->wake();
}

void Host::resume() {
  is_paused_ = false;
  for (const auto& actor : actors_) actor->go_on_if_held();
}

bool Host::has_ended() const {
  return std::ranges::all_of(actors_, [](const auto& actor) { return actor->has_ended(); });
}

}  // namespace sim
