// The bells of one hold: who is to be told that its holder was asked to leave, or
// that it is lost. Stop tokens for code that looks, listeners for code that is called.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "client/session/listener.h"
#include "turnstile/grant.h"

namespace turnstile::client {

/// Thread-safe. Listeners are told of what happened before they came, too.
class Alarm {
 public:
  using LossListener = std::shared_ptr<Listener<Loss>>;
  using RevocationListener = std::shared_ptr<Listener<Revocation>>;

  std::stop_token lost() const { return lost_.get_token(); }
  bool is_lost() const { return lost_.stop_requested(); }

  /// Fires when the holder is asked to leave. After the demand was withdrawn it is another
  /// token, which has not fired.
  std::stop_token revoked() const;

  void on_lost(LossListener listener);
  void on_revoked(RevocationListener listener);

  /// The hold is lost. Only the first time counts.
  void lose(const Loss& loss);
  /// Somebody asks for it, or takes that back.
  void ask(const Revocation& revocation);
  /// Ends all listeners; see Listener::end().
  void silence();

 private:
  std::stop_source lost_;
  mutable std::mutex mutex_;
  std::stop_source revoked_;
  std::optional<Loss> loss_;
  std::optional<Revocation> asked_;
  std::vector<LossListener> on_lost_;
  std::vector<RevocationListener> on_revoked_;
};

}  // namespace turnstile::client
