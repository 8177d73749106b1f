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
    Acquire,    ///< `wanted`, `keys` (of a task `argv`), `options`, `wait`; ends with a hold
    Release,    ///< `hold`; of a task also `argv`, the options
    Finish,     ///< `hold`, `argv`: the outcome of a task; needs no session that it was begun in
    Renew,      ///< `hold`, `lease`
    Check,      ///< `hold`
    Upgrade,    ///< `hold`, `key`, `wait`
    Downgrade,  ///< `hold`, `key`
    Proclaim,   ///< `hold`, `value`
    Wait,       ///< `argv`, `wait`: for something that one does not get to hold
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
  /// Begins anew in another session: nothing is lost if it took effect in the one before.
  bool is_restartable = false;
  /// Asks for what is newer than something, so that an answer which can no longer be repeated
  /// is made up for by the next one.
  bool is_gapless = false;
  /// Is gone on with for as long as the client is open, and so is its caller's wait.
  bool is_owed = false;
  /// Whether a reply can be the answer to it; null: any can.
  bool (*is_sound)(const resp::Value& value) = nullptr;
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
  bool is_last_look = false;  ///< its wait has ended, it is only asked how

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
/// Of a task. `words` is the command as far as it is the caller's: TASK.JOIN or TASK.TAKE, and
/// the declaration or the names. Of the options it has WAIT, PRIORITY, PREEMPT, AGENT and NOTE.
OperationPtr make_run(std::vector<std::string> words, AcquireOptions options,
                      bool waits_by_default);
/// `words`: the options of a TASK.RELEASE.
OperationPtr make_release(std::shared_ptr<Hold> hold, std::vector<std::string> words = {});
/// `words`: the whole command.
OperationPtr make_finish(std::shared_ptr<Hold> hold, std::vector<std::string> words);
OperationPtr make_renew(std::shared_ptr<Hold> hold, base::Duration lease);
OperationPtr make_check(std::shared_ptr<Hold> hold);
OperationPtr make_upgrade(std::shared_ptr<Hold> hold, std::string key,
                          std::optional<Milliseconds> wait, bool waits_by_default);
OperationPtr make_downgrade(std::shared_ptr<Hold> hold, std::string key);
OperationPtr make_proclaim(std::shared_ptr<Hold> hold, std::string value);
OperationPtr make_read(std::vector<std::string> argv);
OperationPtr make_command(std::vector<std::string> argv, const CallOptions& options);
/// A command that waits; `argv` without its WAIT. It goes on in another session unless told not to.
OperationPtr make_wait(std::vector<std::string> argv, std::optional<Milliseconds> wait,
                       bool waits_by_default, bool (*is_sound)(const resp::Value&));
/// A command that changes something and is answered at once.
OperationPtr make_change(std::vector<std::string> argv, bool (*is_sound)(const resp::Value&));

/// What is wrong with an operation before it is sent, or nothing: no key, a wait or a
/// priority out of range, an empty command.
std::optional<Error> find_fault(const Operation& operation);

}  // namespace turnstile::client
