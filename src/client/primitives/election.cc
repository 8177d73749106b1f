// Election: a campaign is an acquisition whose grant is the term.
#include "turnstile/election.h"

#include <utility>

#include "client/engine/observers.h"
#include "client/primitives/access.h"
#include "client/primitives/agent.h"

namespace turnstile {

/// An observer's place in the engine, from its entry to its leave.
class client::Observed {
 public:
  Observed(std::shared_ptr<Engine> engine, std::string election, Engine::LeaderListener listener)
      : engine_(std::move(engine)),
        election_(std::move(election)),
        listener_(std::move(listener)) {}
  ~Observed() { engine_->unobserve(election_, listener_); }
  Observed(const Observed&) = delete;
  Observed& operator=(const Observed&) = delete;

 private:
  const std::shared_ptr<Engine> engine_;
  const std::string election_;
  const Engine::LeaderListener listener_;
};

Observation::Observation(std::unique_ptr<client::Observed> observed) noexcept
    : observed_(std::move(observed)) {}
Observation::Observation() noexcept = default;
Observation::Observation(Observation&& other) noexcept = default;
Observation& Observation::operator=(Observation&& other) noexcept = default;
Observation::~Observation() = default;

// --- Leadership

Result<bool> Leadership::try_proclaim(std::string value) {
  const auto& hold = client::Access::hold(grant_);
  if (!hold) return Error(ErrorCode::Stale, "STALE this leads nothing");
  auto operation = client::make_proclaim(hold, std::move(value));
  return client::to_success(client::Access::engine(grant_)->perform(std::move(operation)));
}

void Leadership::proclaim(std::string value) { try_proclaim(std::move(value)).value(); }

// --- Election

namespace {

Result<Leadership> to_leadership(Result<Grant> grant) {
  if (!grant) return grant.error();
  return Leadership(*std::move(grant));
}

}  // namespace

Election::Election(const Client& client, std::string name)
    : engine_(client::Access::engine(client)), name_(std::move(name)) {}

Leadership Election::campaign(std::string value, AcquireOptions options) {
  auto operation =
      client::make_campaign(name_, std::move(value), client::with_agent(std::move(options)), true);
  return to_leadership(client::perform_acquire(engine_, std::move(operation))).value();
}

Result<Leadership> Election::try_campaign(std::string value, AcquireOptions options) {
  auto operation =
      client::make_campaign(name_, std::move(value), client::with_agent(std::move(options)), false);
  return to_leadership(client::perform_acquire(engine_, std::move(operation)));
}

void Election::campaign_then(std::string value, AcquireOptions options,
                             std::function<void(Result<Leadership>)> done) {
  auto operation = client::make_campaign(name_, std::move(value),
                                         client::with_agent_of_its_own(std::move(options)), true);
  client::begin_acquire(engine_, std::move(operation), [done = std::move(done)](auto grant) {
    done(to_leadership(std::move(grant)));
  });
}

Result<Leader> Election::try_leader() const {
  auto outcome = engine_->perform(client::make_read({"ELECTION.LEADER", name_}));
  if (outcome.error) return std::move(*outcome.error);
  return client::to_leader(client::to_reply(outcome.value));
}

Leader Election::leader() const { return try_leader().value(); }

Result<Observation> Election::try_observe(std::function<void(const Leader&)> callback) const {
  auto listener =
      std::make_shared<client::Listener<Leader>>(engine_->executor(), std::move(callback));
  if (auto error = engine_->observe(name_, listener)) return std::move(*error);
  return Observation(std::make_unique<client::Observed>(engine_, name_, std::move(listener)));
}

Observation Election::observe(std::function<void(const Leader&)> callback) const {
  return try_observe(std::move(callback)).value();
}

}  // namespace turnstile
