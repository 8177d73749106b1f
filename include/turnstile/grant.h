// A Grant is a hold on one or several keys: from the moment the server granted
// it to the moment it is released, or lost.
//
// The token is what makes it safe. Send it along with everything you do under
// the lock, and let the database refuse a token smaller than the greatest it has
// seen; then a holder that was paused, cut off or taken over does no harm.
// Deadlines and lost() are there to stop early, not to be sure.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "turnstile/error.h"
#include "turnstile/options.h"

namespace turnstile {

namespace client {
class Engine;
struct Hold;
}  // namespace client

/// Holds its keys until it is released, destroyed or lost. Move-only.
///
/// Thread-safety: the const functions may be called from any threads at the same
/// time; all others need the Grant to themselves, as usual.
/// Lifetime: may outlive its Client; it is lost then.
class Grant {
 public:
  /// Holds nothing: token() is 0, keys() is empty, is_held() is false.
  Grant() noexcept = default;
  Grant(Grant&& other) noexcept = default;
  /// Releases what was held before, as the destructor does.
  Grant& operator=(Grant&& other) noexcept;
  Grant(const Grant&) = delete;
  Grant& operator=(const Grant&) = delete;

  /// Releases without waiting for the server's answer: the library sends the
  /// release, again over a new connection if need be, until it is answered or
  /// the session ends.
  ~Grant();

  /// The fencing token: strictly greater than that of every earlier grant of
  /// these keys, and below 2^53. 0 if this is an empty Grant. Stays the same
  /// after a release or a loss.
  std::uint64_t token() const noexcept;

  const std::vector<std::string>& keys() const noexcept;

  /// Fires when the grant is lost: its deadline passed without a renewal, the
  /// server took it away, or the Client was closed. It fires before the server
  /// can give the keys to somebody else, except where an operator or a
  /// preemption takes them early; then as soon as the news arrives. A release
  /// does not fire it. Callbacks run on the library's thread: they must be
  /// short, and must not call back into the library, except for const getters.
  /// For an empty Grant, a token without a state.
  std::stop_token lost() const noexcept;

  /// Fires when a holder of higher priority asked for one of the keys: finish or
  /// give up within the grace, or it is lost. The same limits as for lost().
  std::stop_token asked_to_leave() const noexcept;

  /// Until when the hold is sure to stand, judged by this machine's clock;
  /// moves on with each renewal. Clock::time_point::min() for an empty Grant.
  Clock::time_point deadline() const noexcept;

  /// True if it is neither released nor lost and its deadline has not passed.
  /// Costs a clock read; asks nobody. After a pause of the process it is right
  /// from the first instruction on.
  bool is_held() const noexcept;

  /// Gives the keys back and waits for the server's answer.
  /// Returns false if there was nothing to give back: it was released before.
  /// Throws Stale or NoSession if it had been lost, Unavailable (with
  /// maybe_applied()) if no answer came within the patience; the library goes
  /// on trying then. Afterwards is_held() is false, whatever happened.
  bool release();
  Result<bool> try_release();

  /// Asks the server whether this token is a live grant: a round trip, and the
  /// surest answer there is without asking the resource itself. False if it is
  /// not, and then lost() has fired. Throws Unavailable if no answer came.
  bool check() const;
  Result<bool> try_check() const;

  /// Lets the hold end `lease` from now, instead of when it would have ended.
  /// Throws Stale or NoSession if it was lost, Limit, Unavailable.
  void renew(Milliseconds lease);
  Result<Milliseconds> try_renew(Milliseconds lease);

 private:
  friend class Client;
  Grant(std::shared_ptr<client::Engine> engine, std::shared_ptr<client::Hold> hold) noexcept;
  void let_go() noexcept;

  std::shared_ptr<client::Engine> engine_;
  std::shared_ptr<client::Hold> hold_;
};

}  // namespace turnstile
