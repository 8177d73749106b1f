// The public Grant: what it knows it reads from its hold, what it does not know
// it asks through the engine.
#include "turnstile/grant.h"

#include <utility>

#include "client/engine/clock.h"
#include "client/primitives/access.h"
#include "client/session/hold.h"

namespace turnstile {
namespace {

using base::Duration;

/// The key that is meant, which need not be said if there is only one.
Result<std::string> name_key(const client::Hold& hold, std::string_view key) {
  if (!key.empty()) return std::string(key);
  if (hold.keys.size() == 1) return hold.keys.front();
  return Error(ErrorCode::Invalid, "ERR this grant has several keys: say which one is meant");
}

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
  if (!hold_) return;
  if (!hold_->is_over.exchange(true)) engine_->submit(client::make_release(hold_));
  hold_->alarm.silence();
}

std::uint64_t Grant::token() const noexcept { return hold_ ? hold_->token.load() : 0; }

const std::vector<std::string>& Grant::keys() const noexcept {
  static const std::vector<std::string> none;
  return hold_ ? hold_->keys : none;
}

std::stop_token Grant::lost() const noexcept {
  return hold_ ? hold_->alarm.lost() : std::stop_token();
}

std::stop_token Grant::revoked() const noexcept {
  return hold_ ? hold_->alarm.revoked() : std::stop_token();
}

Milliseconds Grant::waited() const noexcept {
  return Milliseconds(hold_ ? hold_->waited_ms.load() : 0);
}

void Grant::on_lost(std::function<void(const Loss&)> callback) {
  if (!hold_ || (hold_->is_over && !hold_->alarm.is_lost())) return;
  using Listener = client::Listener<Loss>;
  hold_->alarm.on_lost(std::make_shared<Listener>(engine_->executor(), std::move(callback)));
}

void Grant::on_revoked(std::function<void(const Revocation&)> callback) {
  if (!hold_ || hold_->is_over) return;
  using Listener = client::Listener<Revocation>;
  hold_->alarm.on_revoked(std::make_shared<Listener>(engine_->executor(), std::move(callback)));
}

Clock::time_point Grant::deadline() const noexcept {
  if (!hold_) return Clock::time_point::min();
  return Clock::time_point(Clock::duration(hold_->deadline().us()));
}

bool Grant::is_held() const noexcept { return hold_ && hold_->is_held(client::boot_now()); }

Result<bool> Grant::try_release() {
  if (!hold_) return false;
  const bool was_over = hold_->is_over.exchange(true);
  hold_->alarm.silence();
  if (was_over && !hold_->alarm.is_lost()) return false;
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

Result<std::uint64_t> Grant::convert(std::string_view key, std::optional<Milliseconds> wait,
                                     bool waits, std::stop_token stop) {
  if (!hold_) return Error(ErrorCode::Stale, "STALE this grant holds nothing");
  const auto named = name_key(*hold_, key);
  if (!named) return named.error();
  auto operation = client::make_upgrade(hold_, *named, wait, waits);
  auto outcome = engine_->perform(std::move(operation), std::move(stop));
  if (outcome.error) return std::move(*outcome.error);
  return hold_->token.load();
}

std::uint64_t Grant::upgrade(std::string_view key, std::optional<Milliseconds> wait,
                             std::stop_token stop) {
  return convert(key, wait, true, std::move(stop)).value();
}

Result<std::uint64_t> Grant::try_upgrade(std::string_view key, std::optional<Milliseconds> wait,
                                         std::stop_token stop) {
  return convert(key, wait, false, std::move(stop));
}

Result<bool> Grant::try_downgrade(std::string_view key) {
  if (!hold_) return Error(ErrorCode::Stale, "STALE this grant holds nothing");
  const auto named = name_key(*hold_, key);
  if (!named) return named.error();
  return client::to_success(engine_->perform(client::make_downgrade(hold_, *named)));
}

void Grant::downgrade(std::string_view key) { try_downgrade(key).value(); }

void Grant::renew(Milliseconds lease) { try_renew(lease).value(); }

}  // namespace turnstile
