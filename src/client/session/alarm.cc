// Nobody is told under the lock: a stop callback may run code that asks again.
#include "client/session/alarm.h"

#include <utility>

namespace turnstile::client {

std::stop_token Alarm::revoked() const {
  const std::lock_guard lock(mutex_);
  return revoked_.get_token();
}

void Alarm::on_lost(LossListener listener) {
  std::unique_lock lock(mutex_);
  on_lost_.push_back(listener);
  const auto loss = loss_;
  lock.unlock();
  if (loss) listener->tell(*loss);
}

void Alarm::on_revoked(RevocationListener listener) {
  std::unique_lock lock(mutex_);
  on_revoked_.push_back(listener);
  const auto asked = asked_;
  lock.unlock();
  if (asked) listener->tell(*asked);
}

void Alarm::lose(const Loss& loss) {
  std::unique_lock lock(mutex_);
  if (loss_) return;
  loss_ = loss;
  const auto listeners = on_lost_;
  lock.unlock();
  lost_.request_stop();
  for (const auto& listener : listeners) listener->tell(loss);
}

void Alarm::ask(const Revocation& revocation) {
  std::unique_lock lock(mutex_);
  if (loss_ || (revocation.is_withdrawn && !asked_)) return;
  auto fired = revoked_;
  if (revocation.is_withdrawn) {
    asked_.reset();
    revoked_ = std::stop_source();
  } else {
    asked_ = revocation;
  }
  const auto listeners = on_revoked_;
  lock.unlock();
  if (!revocation.is_withdrawn) fired.request_stop();
  for (const auto& listener : listeners) listener->tell(revocation);
}

void Alarm::silence() {
  std::unique_lock lock(mutex_);
  const auto on_lost = std::exchange(on_lost_, {});
  const auto on_revoked = std::exchange(on_revoked_, {});
  lock.unlock();
  for (const auto& listener : on_lost) listener->end();
  for (const auto& listener : on_revoked) listener->end();
}

}  // namespace turnstile::client
