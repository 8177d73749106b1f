// Elections: of all who campaign under one name, one leads at a time; the others
// wait in order, and the next one leads in the same moment in which a term ends.
//
//     turnstile::Election dispatcher(client, "dispatcher");
//     turnstile::Leadership term = dispatcher.campaign("10.0.0.7:9000");
//     while (!term.lost().stop_requested()) dispatch(term.term());
//
// The term is a fencing token: send it along with everything that only the leader
// may do, and let a smaller one be refused.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "turnstile/client.h"
#include "turnstile/grant.h"
#include "turnstile/options.h"

namespace turnstile {

namespace client {
class Engine;
class Observed;
}  // namespace client

/// Who leads, as the server knew it when it answered.
struct Leader {
  bool is_led = false;        ///< false: vacant, and all else but `candidates` is empty
  std::string value;          ///< what the leader says of itself
  std::uint64_t term = 0;     ///< its fencing token
  std::uint64_t session = 0;  ///< the number of its session
  std::string name;           ///< the name of its session
  std::chrono::sys_time<Milliseconds> since;  ///< when the term began, by the server's clock
  int candidates = 0;                         ///< how many wait to lead
};

/// To lead, from the election to resign(), the destructor, or the loss. Move-only.
///
/// Thread-safety and lifetime: as Grant.
class Leadership {
 public:
  /// Leads nothing.
  Leadership() noexcept = default;
  explicit Leadership(Grant grant) noexcept : grant_(std::move(grant)) {}

  /// The fencing token: strictly greater than the terms of all leaders before. 0 if empty.
  std::uint64_t term() const noexcept { return grant_.token(); }

  /// As those of Grant, of which this is one.
  std::stop_token lost() const noexcept { return grant_.lost(); }
  void on_lost(std::function<void(const Loss&)> callback) { grant_.on_lost(std::move(callback)); }
  bool is_held() const noexcept { return grant_.is_held(); }
  Clock::time_point deadline() const noexcept { return grant_.deadline(); }

  /// Changes what this leader says of itself; observers are told. Throws Stale or NoSession if
  /// it leads no longer, Limit (too long), Unavailable with maybe_applied().
  void proclaim(std::string value);
  Result<bool> try_proclaim(std::string value);

  /// Ends the term and waits for the server's answer; the next candidate leads. Returns and
  /// throws as Grant::release().
  bool resign() { return grant_.release(); }
  Result<bool> try_resign() { return grant_.try_release(); }

  /// The grant that this is, for whatever takes one. Leads nothing afterwards.
  Grant into_grant() && noexcept { return std::move(grant_); }

 private:
  Grant grant_;
};

/// Observes an election until it is destroyed. Move-only.
class Observation {
 public:
  /// Observes nothing.
  Observation() noexcept;
  explicit Observation(std::unique_ptr<client::Observed> observed) noexcept;
  Observation(Observation&& other) noexcept;
  Observation& operator=(Observation&& other) noexcept;
  /// Afterwards the callback is not running and is not called any more, unless it
  /// destroys its own Observation.
  ~Observation();

 private:
  std::unique_ptr<client::Observed> observed_;
};

/// Names an election; cheap, and copied freely.
///
/// Thread-safety: every function may be called from any thread at any time.
/// Lifetime: may outlive the Client; every call fails with Unavailable then.
class Election {
 public:
  Election(const Client& client, std::string name);

  const std::string& name() const noexcept { return name_; }

  /// Waits until it leads, as AcquireOptions::wait says; without it, without limit. `value`
  /// is what others are told: an address, for example. Of the options, `shared`, `preempt`,
  /// `owner` and `on_loss` are not for elections and are ignored. Throws as Client::lock().
  Leadership campaign(std::string value, AcquireOptions options = {});
  /// The same without throwing; waits only if AcquireOptions::wait is set.
  Result<Leadership> try_campaign(std::string value, AcquireOptions options = {});

  /// As Client::lock_all_then(), for campaign().
  void campaign_then(std::string value, AcquireOptions options,
                     std::function<void(Result<Leadership>)> done);

  /// Who leads now. Throws Unavailable, Invalid (the name).
  Leader leader() const;
  Result<Leader> try_leader() const;

  /// Has `callback` called with who leads now, and after each change of leader or value, until
  /// the Observation is destroyed. It survives broken connections: what changed
  /// meanwhile is told after them, though not each step of it. Callbacks run on
  /// Options::executor. Throws Unavailable, Invalid, and nothing is observed then.
  [[nodiscard]] Observation observe(std::function<void(const Leader&)> callback) const;
  Result<Observation> try_observe(std::function<void(const Leader&)> callback) const;

 private:
  std::shared_ptr<client::Engine> engine_;
  std::string name_;
};

}  // namespace turnstile
