// The public Grant: what it knows it reads from its hold, what it does not know
// it asks through the engine.
#include "turnstile/grant.h"

#include <utility>

#include "client/engine/clock.h"
#include "client/engine/engine.h"
#include "client/session/hold.h"

namespace turnstile {
namespace {

using base::Duration;

}  // namespace

Grant::Grant(std::shared_ptr<client::Engine> engine, std::shared_ptr<client::Hold> hold) noexcept
    : engine_(std::move(engine)), hold_(std::move(hold)) {}

Grant& Grant::operator=(Grant&& other) noexcept {
  if (this != &other) {
    let_go();
    engine_ = std::move(other.engine_);
    hold_ = std::move(other.hold_);
  }
  return *this;
}

Grant::~Grant() { let_go(); }

void Grant::let_go() noexcept {
  if (hold_ && !hold_->is_over.exchange(true)) engine_->submit(client::make_release(hold_));
}

std::uint64_t Grant::token() const noexcept { return hold_ ? hold_->token : 0; }

const std::vector<std::string>& Grant::keys() const noexcept {
  static const std::vector<std::string> none;
  return hold_ ? hold_->keys : none;
}

std::stop_token Grant::lost() const noexcept {
  return hold_ ? hold_->lost.get_token() : std::stop_token();
}

std::stop_token Grant::asked_to_leave() const noexcept {
  return hold_ ? hold_->asked_to_leave.get_token() : std::stop_token();
}

Clock::time_point Grant::deadline() const noexcept {
  if (!hold_) return Clock::time_point::min();
  return Clock::time_point(Clock::duration(hold_->deadline().us()));
}

bool Grant::is_held() const noexcept { return hold_ && hold_->is_held(client::boot_now()); }

Result<bool> Grant::try_release() {
  if (!hold_) return false;
  const bool was_over = hold_->is_over.exchange(true);
  if (was_over && !hold_->lost.stop_requested()) return false;
  auto outcome = engine_->perform(client::make_release(hold_));
  if (outcome.error) return std::move(*outcome.error);
  return outcome.value.integer == 1;
}

bool Grant::release() { return try_release().value(); }

Result<bool> Grant::try_check() const {
  if (!hold_) return false;
  auto outcome = engine_->perform(client::make_check(hold_));
  if (outcome.error) return std::move(*outcome.error);
  return outcome.value.integer == 1;
}

bool Grant::check() const { return try_check().value(); }

Result<Milliseconds> Grant::try_renew(Milliseconds lease) {
  if (!hold_) return Error(ErrorCode::Stale, "STALE this grant holds nothing");
  const auto asked = Duration::from_ms(std::min<Milliseconds>(lease, kWaitMax).count());
  auto outcome = engine_->perform(client::make_renew(hold_, asked));
  if (outcome.error) return std::move(*outcome.error);
  const auto* left = outcome.value.find("lease");
  return Milliseconds(left ? left->as_integer().value_or(0) : 0);
}

void Grant::renew(Milliseconds lease) { try_renew(lease).value(); }

}  // namespace turnstile
