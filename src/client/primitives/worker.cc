// The public Worker: a handle on its pool, and the outcomes it deals in.
#include "turnstile/worker.h"

#include <utility>

#include "client/primitives/access.h"
#include "client/primitives/pool.h"

namespace turnstile {

// --- Outcome

Outcome Outcome::completed(std::string result) {
  return Outcome(Kind::Completed, std::move(result));
}

Outcome Outcome::failed(std::string reason) { return Outcome(Kind::Failed, std::move(reason)); }
Outcome Outcome::retry(std::string reason) { return Outcome(Kind::Retry, std::move(reason)); }

Outcome Outcome::released(std::optional<std::string> checkpoint, Milliseconds delay) {
  Outcome outcome(Kind::Released, {});
  outcome.checkpoint_ = std::move(checkpoint);
  outcome.delay_ = delay;
  return outcome;
}

// --- Worker

Worker::Worker(Started, const Client& client, std::vector<std::string> tasks, Handler handler,
               WorkerOptions options)
    : pool_(std::make_unique<client::Pool>(client::Access::engine(client), std::move(tasks),
                                           std::move(handler), std::move(options))) {}

Worker::Worker(Worker&& other) noexcept = default;
Worker& Worker::operator=(Worker&& other) noexcept = default;
Worker::~Worker() = default;

void Worker::stop() noexcept {
  if (pool_) pool_->stop();
}

Worker::Counts Worker::counts() const noexcept { return pool_ ? pool_->counts() : Counts(); }

}  // namespace turnstile
