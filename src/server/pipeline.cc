// The steps of a command, in their order.
#include "server/pipeline.h"

#include <algorithm>

#include "base/check.h"
#include "base/fault_point.h"
#include "base/planted.h"

namespace server {
namespace {

/// A batch is closed at this size, so that one never comes near the size of a segment.
constexpr std::size_t kBatchBytes = 2 << 20;
/// A shared journal's round waits for those who were just answered for this part of the time that
/// the last one took, and never longer than that.
constexpr std::int64_t kLingerPart = 4;
constexpr base::Duration kLingerMax = base::Duration::from_ms(2);
/// A batch that no answer waits for is begun this long after its first entry, unless one comes that
/// is waited for.
constexpr base::Duration kUnawaited = base::Duration::from_ms(1);

}  // namespace

Pipeline::Pipeline(state::Machine& machine, const Clock& clock, base::Time last_cluster_time,
                   std::uint64_t first_index, Appender& appender, Failed failed)
    : machine_(machine),
      cluster_(clock, std::max(last_cluster_time, machine.now())),
      first_index_(first_index),
      appender_(appender),
      failed_(std::move(failed)),
      closed_index_(machine.last_index()),
      batch_bytes_(kBatchBytes),
      durable_index_(machine.last_index()),
      journalled_time_(last_cluster_time) {}

void Pipeline::share_journal(std::size_t batch_bytes) {
  is_shared_ = true;
  batch_bytes_ = batch_bytes;
}

void Pipeline::submit(command::Entry&& entry,
                      absl::FunctionRef<void(const command::Reply&)> answer) {
  ++asked_;
  run(entry, answer);
}

void Pipeline::run(command::Entry& entry, absl::FunctionRef<void(const command::Reply&)> answer) {
  const base::Time now = cluster_.look();
  tick(now);
  const command::Outcome outcome = apply(entry, now);
  answer(outcome.reply);
  deliver(outcome.events);
}

void Pipeline::submit(command::Command command, command::Origin origin) {
  command::Entry entry;
  entry.origin = std::move(origin);
  entry.command = std::move(command);
  run(entry, [](const command::Reply&) {});
}

void Pipeline::tick() { tick(cluster_.look()); }

void Pipeline::tick(base::Time now) {
  if (machine_.next_deadline() > now) return;
  command::Entry entry;
  entry.command = command::Tick{};
  deliver(apply(entry, now).events);
  FAULT_POINT("pipeline.after_tick");
}

command::Outcome Pipeline::apply(command::Entry& entry, base::Time now) {
  entry.index = std::max(machine_.next_index(), first_index_);
  entry.now = std::max(now, machine_.now());
  entry.wall = cluster_.wall();
  FAULT_POINT("pipeline.before_apply");
  command::Outcome outcome = machine_.apply(entry);
  FAULT_POINT("pipeline.after_apply");
  ++counters_.commands;
  if (outcome.changed) gather(entry);
  if (const auto* refused = std::get_if<command::Refused>(&outcome.reply)) {
    ++counters_.refusals;
    if (refusals_) refusals_(entry, *refused);
  }
  return outcome;
}

void Pipeline::gather(const command::Entry& entry) {
  if (gathering_.empty()) gathered_since_ = entry.now;
  gathering_.add(entry.index, entry.now, entry.wall, [&](std::string& payload) {
    if (has_payloads_) command::encode(entry, payload);
  });
  ++counters_.entries;
  if (gathering_.payload_bytes() >= batch_bytes_) close_batch();
}

void Pipeline::close_batch() {
  gathering_.mark = std::max(cluster_.now(), machine_.now());
  gathering_.digest = machine_.running_digest();
  closed_index_ = machine_.last_index();
  closed_.push_back({std::move(gathering_), closed_index_});
  gathering_ = std::exchange(spare_, {});
}

void Pipeline::deliver(const std::vector<command::Event>& events) {
  CHECK(sink_ != nullptr || events.empty());
  for (const command::Event& event : events) sink_->deliver(event);
}

void Pipeline::queue(Recipient& recipient, std::size_t bytes, std::size_t answers) {
  const std::uint64_t index = machine_.last_index();
  const std::uint64_t round = is_shared_ ? rounds_started_ + 1 : 0;
  if (!outbox_.empty()) {
    Waiting& last = outbox_.back();
    // All that is being gathered becomes durable at once.
    const bool is_same_time = last.index == index || last.index > closed_index_;
    if (last.recipient.get() == &recipient && is_same_time && last.round == round) {
      last.index = index;
      last.bytes += bytes;
      last.answers += answers;
      return;
    }
  }
  outbox_.push_back({index, round, recipient.shared_from_this(), bytes, answers});
}

void Pipeline::flush() {
  let_out();
  const bool has_work = !appending_ && (has_batch() || is_confirmation_due());
  if (has_work && begins_at() <= cluster_.monotonic()) {
    if (has_batch()) {
      start_append();
    } else {
      start_confirmation();
    }
  }
  let_out();
}

/// A shared journal's append takes milliseconds, a client that was answered is back within a
/// fraction of that. Were the next append begun with the first of them, all others would wait for
/// a whole one: a lock that is handed on would cost two, one with the last holder's next wish
/// alone. A batch that is full already can take nobody along.
///
/// And what nobody waits for, above all a wait that begins, would make those wait who come while it
/// is appended: of two who take a lock in turns, one's next wish is read just before the other's
/// release.
base::Time Pipeline::begins_at() const {
  base::Time at;
  if (!closed_.empty()) return at;
  if (asked_ < let_out_) at = linger_until_;
  if (outbox_.empty() && !gathering_.empty()) {
    at = std::max(at, cluster_.monotonic_at(gathered_since_ + kUnawaited));
  }
  return at;
}

base::Time Pipeline::next_tick() const {
  const base::Time due = cluster_.monotonic_at(machine_.next_deadline());
  const bool is_held_back = !appending_ && (has_batch() || is_confirmation_due());
  return is_held_back ? std::min(due, begins_at()) : due;
}

bool Pipeline::is_confirmation_due() const {
  const bool is_awaited = !outbox_.empty() && outbox_.back().round > rounds_started_;
  return is_shared_ && (confirmation_due_ || is_awaited);
}

void Pipeline::mark_time() {
  const base::Time now = cluster_.look();
  if (machine_.next_deadline() == base::Time::never()) return;
  constexpr base::Duration kMarkAfter = base::Duration::from_ms(500);
  if (now - journalled_time_ < kMarkAfter) return;
  FAULT_POINT("pipeline.before_mark");
  mark_due_ = true;
  flush();
}

void Pipeline::start_append() {
  if (closed_.empty()) close_batch();
  mark_due_ = false;
  begin_round();
  FAULT_POINT("pipeline.before_append");
  appender_.start(closed_.front().batch,
                  [this](const base::Result<void>& result) { appended(result); });
}

void Pipeline::start_confirmation() {
  begin_round();
  appender_.confirm([this](const base::Result<void>& result) {
    CHECK(appending_);
    if (!result) return failed_(result.error());
    end_round();
    flush();
  });
}

void Pipeline::appended(const base::Result<void>& result) {
  CHECK(appending_);
  if (!result && !PLANTED(SyncErrorIgnored)) return failed_(result.error());
  FAULT_POINT("pipeline.after_append");
  Closed& done = closed_.front();
  durable_index_ = done.last_index;
  journalled_time_ = done.batch.mark;
  spare_ = std::move(done.batch);
  spare_.clear();
  closed_.pop_front();
  count_append(end_round());
  flush();
}

void Pipeline::count_append(base::Duration took) {
  ++counters_.batches;
  counters_.append_time = counters_.append_time + took;
  counters_.last_append = took;
  counters_.slowest_append = std::max(counters_.slowest_append, took);
  if (took >= kSlowAppend) ++counters_.slow_appends;
}

void Pipeline::begin_round() {
  confirmation_due_ = false;
  appending_ = true;
  ++rounds_started_;
  round_began_ = cluster_.monotonic();
}

base::Duration Pipeline::end_round() {
  appending_ = false;
  ++rounds_ended_;
  const base::Time now = cluster_.monotonic();
  const base::Duration took = now - round_began_;
  if (is_shared_) {
    let_out_ = asked_ = 0;
    let_out();
    linger_until_ = now + std::min(took / kLingerPart, kLingerMax);
  }
  return took;
}

void Pipeline::let_out() {
  while (!outbox_.empty() &&
         (PLANTED(AnswerBeforeSync) || outbox_.front().index <= durable_index_) &&
         (!is_shared_ || outbox_.front().round <= rounds_ended_)) {
    const Waiting ready = std::move(outbox_.front());
    outbox_.pop_front();
    let_out_ += ready.answers;
    FAULT_POINT("pipeline.before_let_out");
    ready.recipient->let_out(ready.bytes, ready.answers);
    FAULT_POINT("pipeline.after_let_out");
  }
}

}  // namespace server
