// A barrier of the whole system: so many parties wait for one another, and go on together.
//
//     turnstile::Barrier close_of_day(client, "close/2026-11-25", 3, {.participant = "branch 4"});
//     const auto passage = close_of_day.arrive_and_wait(totals);
//     for (const std::string& theirs : passage.payloads) add(theirs);
//
// When all have arrived they are released in one step, with one generation, and the barrier
// begins anew. Unlike std::barrier it knows that parties die: then it breaks, or needs one less.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "turnstile/client.h"
#include "turnstile/error.h"
#include "turnstile/options.h"
#include "turnstile/reply.h"
#include "turnstile/task_options.h"
#include "turnstile/waitable.h"

namespace turnstile {

/// What becomes of a barrier when one who has arrived dies, or closes its Client, before the
/// others have arrived.
enum class OnDeath {
  Break,   ///< all others get Broken
  Shrink,  ///< it needs one party less this time
};

struct BarrierOptions {
  /// The name of this party. Who arrives again under the same name takes the place of its
  /// earlier wait, which fails with Cancelled. Empty: nobody in particular.
  std::string participant = {};
  OnDeath on_death = OnDeath::Break;
};

/// Names a barrier; cheap, and copied freely.
///
/// Thread-safety: every function may be called from any thread at any time; each call that waits
/// is one party.
/// Lifetime: may outlive the Client; every call fails with Unavailable then.
class Barrier {
 public:
  struct Passage {
    std::uint64_t generation = 0;
    std::vector<std::string> payloads;      ///< what each party brought, in the order of arrival
    std::vector<std::string> participants;  ///< its name at the same place; empty: it has none
  };

  /// `parties` is how many must arrive; all must say the same.
  Barrier(const Client& client, std::string name, int parties, BarrierOptions options = {});

  const std::string& name() const noexcept { return name_; }

  /// Arrives, and waits until all have. `payload`, at most 64 KiB, is what this party brings.
  /// The wait survives broken connections and a restart of the server.
  ///
  /// Throws Broken (one who had arrived died), Cancelled (the stop token: the arrival is
  /// withdrawn; or another one under the same name), Conflict (it has another number of parties),
  /// Limit, Invalid, Denied, Overloaded, NoSession (this client's own session was lost: its
  /// arrival is withdrawn as a death, unless all had arrived before, so that maybe_applied() is
  /// true), Lost (all arrived and went on while this client's connection was broken, and what
  /// they brought is no longer known), Unavailable with maybe_applied().
  Passage arrive_and_wait(std::string payload = {}, std::stop_token stop = {});

  /// The same, for at most that long; nothing if not all arrived in that time, and then the
  /// arrival is withdrawn. Throws all else.
  template <class Rep, class Period>
  std::optional<Passage> arrive_and_wait_for(const std::chrono::duration<Rep, Period>& duration,
                                             std::string payload = {}) {
    return arrive_within(std::move(payload), client::waitable(duration));
  }

  /// Without throwing; waits only if WaitOptions::wait is set. Busy: not in that time.
  Result<Passage> try_arrive_and_wait(std::string payload = {}, WaitOptions options = {});

  /// Who has arrived, as BARRIER.INFO tells it. Throws Unavailable, Invalid.
  Reply info() const;
  Result<Reply> try_info() const;

 private:
  std::optional<Passage> arrive_within(std::string payload, Milliseconds wait);
  Result<Passage> arrive(std::string payload, WaitOptions options, bool waits);

  std::shared_ptr<client::Engine> engine_;
  std::string name_;
  int parties_;
  BarrierOptions options_;
};

}  // namespace turnstile
