// The way of a command through the service, in the order of its steps:
//
//     stamp ─▶ apply ─▶ journal ─▶ durable ─▶ let out
//
// Apply first, let nothing out before it is durable. The machine applies a
// command at once. What changed something goes into the batch being gathered;
// every answer carries the index it depends on and waits in one first-in,
// first-out outbox until the journal is durable up to there. What is asked for
// until the next batch is begun is gathered into it, so one sync serves many.
//
// A journal that fails ends the process: nothing unacknowledged was ever seen
// outside, so nothing is lost.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "command/entry.h"
#include "command/reply.h"
#include "journal/journal.h"
#include "server/clock.h"
#include "state/machine.h"

namespace server {

/// Makes batches durable, one at a time, at once or while the pipeline's thread goes on.
class Appender {
 public:
  using Done = std::function<void(base::Result<void>)>;
  virtual ~Appender() = default;
  /// `batch` stays as it is until `done` is called, on the pipeline's thread.
  /// `done` may be called before start() returns.
  virtual void start(const journal::Batch& batch, Done done) = 0;
  /// Makes sure that the journal is still this process's alone; `done` as above. Never while a
  /// batch is under way.
  virtual void confirm(Done done) { done({}); }
};

/// A party whose answers wait in the outbox. A shared_ptr owns it.
class Recipient : public std::enable_shared_from_this<Recipient> {
 public:
  virtual ~Recipient() = default;
  /// The oldest `bytes` that it put into the outbox, in `answers` answers, may go out.
  virtual void let_out(std::size_t bytes, std::size_t answers) = 0;
};

/// Receives what others than the asker must be told, after each entry.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void deliver(const command::Event& event) = 0;
};

/// Used by one thread.
class Pipeline {
 public:
  /// Called once, when the journal has failed; must not return to the pipeline's work.
  using Failed = std::function<void(const base::Error&)>;

  Pipeline(state::Machine& machine, const Clock& clock, base::Time last_cluster_time,
           std::uint64_t first_index, Appender& appender, Failed failed);

  /// Where events go; set once before the first submit().
  void set_event_sink(EventSink& sink) { sink_ = &sink; }

  /// Called for every command that was refused, with the entry that it would have been.
  using Refusals = std::function<void(const command::Entry&, const command::Refused&)>;
  void set_refusal_sink(Refusals sink) { refusals_ = std::move(sink); }

  /// For a journal that another process may take over at any time: nothing is let out before an
  /// append or a confirmation, started after it was queued, has ended well. (Else a process that
  /// slept would answer a read from a past that is over.) Batches hold at most `batch_bytes`, and
  /// one entry more. Called once, before the first submit().
  void share_journal(std::size_t batch_bytes);

  /// For a journal that reads no payloads: none is written for it.
  void leave_out_payloads() { has_payloads_ = false; }

  /// Has the journal confirmed soon, though no answer waits for it.
  void confirm() { confirmation_due_ = true; }

  /// Applies one command, whose entry gets its index and its times here. Deadlines that are due
  /// come first. `answer` is called with the reply before any event of the entry is delivered.
  void submit(command::Entry&& entry, absl::FunctionRef<void(const command::Reply&)> answer);
  /// For commands of the service itself, whose reply interests nobody.
  void submit(command::Command command, command::Origin origin = {});

  /// Applies a Tick if a deadline has passed.
  void tick();

  /// Queues bytes that the recipient holds until everything applied so far is durable.
  void queue(Recipient& recipient, std::size_t bytes, std::size_t answers);

  /// Starts making the gathered batch durable if none is under way. Call at the end of each turn
  /// of the event loop: what was gathered during the turn becomes one batch. If no answer waits
  /// for it, or the journal is shared, it may be started a moment later, at next_tick().
  void flush();

  /// Journals cluster time if time could be lost by a crash. To be called four times a second, for
  /// time that passes unseen does not count (ClusterClock::kMostUnheard).
  void mark_time();

  /// When tick() and flush() are due on the monotonic clock.
  base::Time next_tick() const;

  /// Whether everything applied is durable and let out.
  bool is_idle() const {
    return !appending_ && closed_.empty() && gathering_.empty() && outbox_.empty();
  }

  const state::Machine& machine() const { return machine_; }
  base::Time cluster_now() const { return cluster_.now(); }
  std::uint64_t durable_index() const { return durable_index_; }

  static constexpr base::Duration kSlowAppend = base::Duration::from_seconds(1);

  struct Counters {
    std::uint64_t commands = 0;  ///< applied, refusals and reads included
    std::uint64_t entries = 0;   ///< that changed something
    std::uint64_t batches = 0;   ///< made durable
    std::uint64_t refusals = 0;
    base::Duration append_time;  ///< of all batches, from start() to done
    base::Duration last_append;
    base::Duration slowest_append;
    std::uint64_t slow_appends = 0;  ///< that took kSlowAppend or more
  };
  const Counters& counters() const { return counters_; }

 private:
  struct Waiting {
    std::uint64_t index;
    std::uint64_t round;  ///< of a shared journal that must have ended
    std::shared_ptr<Recipient> recipient;
    std::size_t bytes;
    std::size_t answers;
  };

  /// A batch that is complete and waits for its turn.
  struct Closed {
    journal::Batch batch;
    std::uint64_t last_index;  ///< durable up to here once the batch is
  };

  void run(command::Entry& entry, absl::FunctionRef<void(const command::Reply&)> answer);
  void tick(base::Time now);
  command::Outcome apply(command::Entry& entry, base::Time now);
  void gather(const command::Entry& entry);
  bool has_batch() const { return !closed_.empty() || !gathering_.empty() || mark_due_; }
  bool is_confirmation_due() const;
  /// When the next round may begin, on the monotonic clock.
  base::Time begins_at() const;
  void close_batch();
  void deliver(const std::vector<command::Event>& events);
  void begin_round();
  base::Duration end_round();
  void count_append(base::Duration took);
  void start_append();
  void start_confirmation();
  void appended(const base::Result<void>& result);
  void let_out();

  state::Machine& machine_;
  ClusterClock cluster_;
  std::uint64_t first_index_;
  Appender& appender_;
  Failed failed_;
  EventSink* sink_ = nullptr;
  Refusals refusals_;

  journal::Batch gathering_;
  base::Time gathered_since_;
  std::deque<Closed> closed_;   ///< the first is being appended while appending_
  std::uint64_t closed_index_;  ///< later entries are being gathered
  bool appending_ = false;
  bool mark_due_ = false;
  bool is_shared_ = false;
  bool has_payloads_ = true;
  bool confirmation_due_ = false;
  std::size_t batch_bytes_;
  std::uint64_t rounds_started_ = 0;  ///< appends and confirmations
  std::uint64_t rounds_ended_ = 0;
  base::Time round_began_;   ///< these two are of the monotonic clock
  std::size_t let_out_ = 0;  ///< answers, since the last round ended
  std::size_t asked_ = 0;    ///< commands, since then
  base::Time linger_until_;  ///< the next round begins then, or when all have come back
  std::uint64_t durable_index_ = 0;
  base::Time journalled_time_;
  std::deque<Waiting> outbox_;
  journal::Batch spare_;  // kept for its memory
  Counters counters_;
};

}  // namespace server
