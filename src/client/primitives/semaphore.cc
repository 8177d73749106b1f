// Semaphore: acquisitions of another kind, with the same grants.
#include "turnstile/semaphore.h"

#include <utility>

#include "client/primitives/access.h"
#include "client/primitives/agent.h"

namespace turnstile {

Semaphore::Semaphore(const Client& client, std::string key, std::optional<int> limit,
                     AcquireOptions options)
    : engine_(client::Access::engine(client)),
      key_(std::move(key)),
      limit_(std::make_shared<std::atomic<int>>(limit.value_or(0))),
      options_(std::move(options)) {}

std::optional<int> Semaphore::limit() const {
  const int limit = *limit_;
  return limit == 0 ? std::nullopt : std::optional(limit);
}

Grant Semaphore::acquire(int permits) {
  auto operation =
      client::make_sem_acquire(key_, limit(), permits, client::with_agent(options_), true);
  return client::perform_acquire(engine_, std::move(operation)).value();
}

Result<Grant> Semaphore::try_acquire(int permits) {
  return acquire_within(permits, Milliseconds(0));
}

Result<Grant> Semaphore::acquire_within(int permits, std::optional<Milliseconds> wait) {
  auto options = client::with_agent(options_);
  options.wait = wait;
  auto operation = client::make_sem_acquire(key_, limit(), permits, std::move(options), false);
  return client::perform_acquire(engine_, std::move(operation));
}

void Semaphore::acquire_then(int permits, AcquireOptions options,
                             std::function<void(Result<Grant>)> done) {
  auto named = client::with_agent_of_its_own(std::move(options));
  auto operation = client::make_sem_acquire(key_, limit(), permits, std::move(named), true);
  client::begin_acquire(engine_, std::move(operation), std::move(done));
}

Result<bool> Semaphore::try_resize(int limit) {
  auto operation =
      client::make_command({"SEM.RESIZE", key_, std::to_string(limit)}, {.numbered = true});
  auto done = client::to_success(engine_->perform(std::move(operation)));
  if (done && *limit_ != 0) *limit_ = limit;
  return done;
}

void Semaphore::resize(int limit) { try_resize(limit).value(); }

Result<Reply> Semaphore::try_info() const {
  return client::to_result(engine_->perform(client::make_read({"SEM.INFO", key_})));
}

Reply Semaphore::info() const { return try_info().value(); }

}  // namespace turnstile
