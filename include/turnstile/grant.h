// A Grant is a hold on one or several keys: from the moment the server granted
// it to the moment it is released, or lost.
//
// The token is what makes it safe. Send it along with everything you do under
// the lock, and let the database refuse a token smaller than the greatest it has
// seen; then a holder that was paused, cut off or taken over does no harm.
// Deadlines and lost() are there to stop early, not to be sure.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "turnstile/error.h"
#include "turnstile/options.h"

namespace turnstile {

namespace client {
class Engine;
struct Hold;
struct Access;
}  // namespace client

/// Why a grant was lost.
struct Loss {
  /// "expired", "preempted", "revoked" (by an operator), "closed" (this client was), or
  /// another word for people.
  std::string cause;
  std::string reason;  ///< what the operator wrote; may be empty
};

/// Somebody of higher priority asks for one of the keys, or no longer does.
struct Revocation {
  std::string by;             ///< who: the name of the session
  Milliseconds grace{0};      ///< how long until the keys are taken
  bool is_withdrawn = false;  ///< the demand before is taken back
};

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
  /// these keys, and below 2^53. 0 if this is an empty Grant. Only upgrade() changes
  /// it; stays the same after a release or a loss.
  std::uint64_t token() const noexcept;

  const std::vector<std::string>& keys() const noexcept;

  /// How long it was waited for, as the server counts: from the request to the grant.
  Milliseconds waited() const noexcept;

  /// Fires when the grant is lost: its deadline passed without a renewal, the
  /// server took it away, or the Client was closed. It fires before the server
  /// can give the keys to somebody else, except where an operator or a
  /// preemption takes them early; then as soon as the news arrives. A release
  /// does not fire it. Callbacks run on the library's thread: they must be
  /// short, and must not call back into the library, except for const getters.
  /// For an empty Grant, a token without a state.
  std::stop_token lost() const noexcept;

  /// Fires when somebody of higher priority asks for one of the keys: finish or give up
  /// within the grace, or it is lost. If the demand is withdrawn, this answers another
  /// token from then on, which has not fired. The same limits as for lost().
  std::stop_token revoked() const noexcept;

  /// Has `callback` called once when the grant is lost, or at once if it is. It runs on
  /// Options::executor, so it may take its time and call the library. After release(),
  /// the destructor or an assignment it is not running and is not called any more, unless
  /// it made that call itself. Does nothing for a Grant that is empty or released.
  void on_lost(std::function<void(const Loss&)> callback);

  /// The same for each time the holder is asked to leave, and each time that is withdrawn.
  void on_revoked(std::function<void(const Revocation&)> callback);

  /// Until when the hold is sure to stand, judged by this machine's clock;
  /// moves on with each renewal. Clock::time_point::min() for an empty Grant.
  Clock::time_point deadline() const noexcept;

  /// True if it is neither released nor lost and its deadline has not passed.
  /// Costs a clock read; asks nobody. After a pause of the process it is right
  /// from the first instruction on.
  bool is_held() const noexcept;

  /// Makes a shared hold of one of the keys exclusive, before all others who wait for it,
  /// and returns the grant's new token: whoever held the key with this Grant wrote nothing,
  /// but others may have written since with greater tokens. The old token is stale.
  ///
  /// `key` may be left out if there is only one; `wait` is how long to wait for the other
  /// holders, without limit if it is not set. Throws Busy and Deadlock (two that share a
  /// key both want it alone), Cancelled (the stop token): the hold and its token are as they
  /// were; Stale or NoSession if it was lost; Invalid; Unavailable with maybe_applied(): if
  /// it is applied after that, the library makes the hold shared again, and token() is new.
  std::uint64_t upgrade(std::string_view key = {}, std::optional<Milliseconds> wait = {},
                        std::stop_token stop = {});
  /// The same without throwing; waits only if `wait` is set.
  Result<std::uint64_t> try_upgrade(std::string_view key = {},
                                    std::optional<Milliseconds> wait = {},
                                    std::stop_token stop = {});

  /// Makes an exclusive hold of one of the keys shared; the token stays. `key` may be
  /// left out if there is only one. Throws Stale or NoSession if it was lost, Invalid,
  /// Unavailable.
  void downgrade(std::string_view key = {});
  Result<bool> try_downgrade(std::string_view key = {});

  /// Gives the keys back and waits for the server's answer.
  /// Returns false if there was nothing to give back: it was released before.
  /// Throws Stale or NoSession if it had been lost, Unavailable (with
  /// maybe_applied()) if no answer came within the patience; the library goes
  /// on trying then. Afterwards is_held() is false, whatever happened.
  bool release();
  Result<bool> try_release();

  /// Asks the server whether this token is a live grant: a round trip, and the
  /// surest answer there is without asking the resource itself. False if it is
  /// not, and then lost() has fired. Throws Unavailable if no answer came, Invalid for
  /// permits of a semaphore and for leadership, which the server has no such question for.
  bool check() const;
  Result<bool> try_check() const;

  /// Lets the hold end `lease` from now, instead of when it would have ended.
  /// Throws Stale or NoSession if it was lost, Limit, Unavailable.
  void renew(Milliseconds lease);
  Result<Milliseconds> try_renew(Milliseconds lease);

 private:
  friend struct client::Access;
  Grant(std::shared_ptr<client::Engine> engine, std::shared_ptr<client::Hold> hold) noexcept;
  void let_go() noexcept;
  Result<std::uint64_t> convert(std::string_view key, std::optional<Milliseconds> wait, bool waits,
                                std::stop_token stop);

  std::shared_ptr<client::Engine> engine_;
  std::shared_ptr<client::Hold> hold_;
};

}  // namespace turnstile
