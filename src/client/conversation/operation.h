// One call of a user of the library, from its start to its outcome.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "client/session/hold.h"
#include "resp/value.h"
#include "turnstile/error.h"
#include "turnstile/options.h"

namespace turnstile::client {

/// What a call ends with: an error, or a hold, or a value, as its kind says.
struct Outcome {
  std::optional<Error> error;
  std::shared_ptr<Hold> hold;  ///< of an acquisition
  resp::Value value;           ///< of all else: the server's reply
};

/// Belongs to the conversation once it is started; the caller keeps a pointer only to
/// cancel it.
struct Operation {
  enum class Kind {
    Ready,      ///< wait until there is a session
    Acquire,    ///< `wanted`, `keys`, `options`, `wait`; ends with a hold
    Release,    ///< `hold`
    Renew,      ///< `hold`, `lease`
    Check,      ///< `hold`
    Upgrade,    ///< `hold`, `key`, `wait`
    Downgrade,  ///< `hold`, `key`
    Proclaim,   ///< `hold`, `value`
    Command,    ///< `argv`
  };
  enum class Stage {
    Unsent,
    Sent,     ///< on this connection, or on one that broke; not answered
    Waiting,  ///< QUEUED was answered
    Done,     ///< nothing of it is left
  };

  Kind kind = Kind::Command;
  HoldKind wanted = HoldKind::Lock;
  std::vector<Key> keys;
  std::optional<int> limit;  ///< of a semaphore, if the caller knows
  int permits = 1;
  std::string value;  ///< what a candidate or leader says
  std::string key;    ///< the one of the hold's keys that is meant
  AcquireOptions options;
  std::shared_ptr<Hold> hold;
  base::Duration lease;
  std::vector<std::string> argv;

  /// May be sent again after a broken connection: it carries a REQUEST number, or
  /// changes nothing.
  bool is_numbered = false;
  bool is_read = false;
  /// Is sent with a ticket, and its outcome may come as a push.
  bool has_ticket = false;
  /// How long it may wait at the server; begins anew each time if it is endless.
  base::Duration wait_asked;
  base::Duration wait;  ///< what is left of it when it is sent
  bool is_endless = false;

  /// Called once, on the conversation's thread, unless null. Must not throw.
  std::function<void(Outcome)> done;

  // --- the conversation's own

  std::uint64_t id = 0;
  Stage stage = Stage::Unsent;
  base::Time started;
  base::Time first_sent;      ///< with its present number
  base::Time give_up_at;      ///< when `done` is called whatever happens
  std::uint64_t request = 0;  ///< 0: none yet
  std::uint64_t ticket = 0;   ///< 0: none on this connection
  bool is_repeated = false;   ///< was sent more than once with its present number
  bool is_carried = false;    ///< has come over from a connection that broke
  bool is_cancelled = false;  ///< its caller wants it withdrawn
  bool cancel_is_sent = false;
  bool is_abandoned = false;  ///< its caller is gone: a grant is given back

  bool is_repeatable() const { return is_numbered || is_read; }
};

using OperationPtr = std::shared_ptr<Operation>;

/// Operations ready to be started. `done` is the caller's to set.
OperationPtr make_ready();
OperationPtr make_acquire(std::vector<Key> keys, AcquireOptions options, bool waits_by_default);
OperationPtr make_sem_acquire(std::string key, std::optional<int> limit, int permits,
                              AcquireOptions options, bool waits_by_default);
OperationPtr make_campaign(std::string name, std::string value, AcquireOptions options,
                           bool waits_by_default);
OperationPtr make_release(std::shared_ptr<Hold> hold);
OperationPtr make_renew(std::shared_ptr<Hold> hold, base::Duration lease);
OperationPtr make_check(std::shared_ptr<Hold> hold);
OperationPtr make_upgrade(std::shared_ptr<Hold> hold, std::string key,
                          std::optional<Milliseconds> wait, bool waits_by_default);
OperationPtr make_downgrade(std::shared_ptr<Hold> hold, std::string key);
OperationPtr make_proclaim(std::shared_ptr<Hold> hold, std::string value);
OperationPtr make_read(std::vector<std::string> argv);
OperationPtr make_command(std::vector<std::string> argv, const CallOptions& options);

/// What is wrong with an operation before it is sent, or nothing: no key, a wait or a
/// priority out of range, an empty command.
std::optional<Error> find_fault(const Operation& operation);

}  // namespace turnstile::client
