// Load, follow, lead, and from the beginning again: server/cluster/member.cc without
// an event loop.
#include "sim/cluster/node.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "command/entry.h"
#include "journal/etcd/etcd_log.h"
#include "journal/etcd/outside.h"
#include "state/test_walk.h"

namespace sim {

using base::Duration;
using base::Fault;
using base::Result;
using journal::SharedLog;
using journal::etcd::pause;

namespace {

constexpr Duration kPatience = Duration::from_ms(500);
constexpr Duration kPauseAfterError = Duration::from_ms(100);
constexpr Duration kDeposeWithin = Duration::from_seconds(2);
constexpr Duration kGiveBackWithin = Duration::from_seconds(5);
constexpr Duration kPauseAtRest = Duration::from_ms(100);
constexpr Duration kSurveyEvery = Duration::from_seconds(1);

/// Choices for the walk that makes entries up.
class Drawn {
 public:
  explicit Drawn(Chance& chance) : chance_(&chance) {}
  std::uint64_t operator()(std::uint64_t count) { return chance_->below(count); }
  bool is_over() const { return false; }

 private:
  Chance* chance_;
};

}  // namespace

Node::Node(std::string name, EtcdNetwork& network, SharedWitness& witness, Judge& judge,
           ClusterFaultCounts& counts, Chance chance)
    : name_(std::move(name)),
      network_(network),
      witness_(witness),
      judge_(judge),
      counts_(counts),
      chance_(std::move(chance)) {}

void Node::start() {
  CHECK(!is_up());
  hosts_.push_back(std::make_unique<Host>(network_.timeline()));
  host_ = hosts_.back().get();
  is_stopping_ = suspects_ = false;
  epoch_ = 0;
  host_->start([this] { live(); });
}

void Node::kill() {
  host_->die();
  if (log_ != nullptr) log_->stop();
}

void Node::live() {
  journal::EtcdLogOptions options;
  options.access.members = {"simulated"};
  options.prefix = "t";
  options.node = name_;
  while (!is_ending()) {
    auto opened = journal::open_etcd_log(options);
    if (!opened) {
      if (judge_error(opened.error()) == Next::End) return;
      continue;
    }
    log_ = opened->get();
    if (!is_ending()) serve(**opened);
    log_ = nullptr;
    return;
  }
}

void Node::serve(SharedLog& log) {
  Next next = Next::LoadAnew;
  while (next != Next::End && !is_ending()) {
    state::Machine machine;
    WitnessedReplay consumer(witness_, name_, machine);
    if (auto loaded = log.load(consumer); !loaded) {
      next = judge_error(loaded.error());
      continue;
    }
    note(machine);
    next = stand_by(log, machine, consumer);
    if (next != Next::Lead) continue;
    lead(log, machine);
    next = Next::LoadAnew;
  }
}

void Node::note(const state::Machine& machine) {
  index_ = machine.last_index();
  digest_ = machine.running_digest();
}

/// A good log must never be taken for a bad one.
Node::Next Node::judge_error(const base::Error& error) {
  if (is_ending()) return Next::End;
  if (error.fault == Fault::Unavailable || error.fault == Fault::InUse) {
    pause(kPauseAfterError);
    return Next::LoadAnew;
  }
  judge_.complain(fmt::format("{} cannot go on: {}", name_, error.message));
  return Next::End;
}

Node::Next Node::stand_by(SharedLog& log, state::Machine& machine, journal::Consumer& consumer) {
  while (!is_ending()) {
    const std::uint64_t leader = log.leader().epoch;
    // A campaign of this node's that reached etcd late, or its former process: nobody leads.
    const bool is_own = log.leader().node == name_ && !PLANTED(OwnKeyForgotten);
    const bool is_gone = leader != 0 && std::exchange(suspects_, false);
    if (leader != 0 && (is_gone || is_own)) {
      if (is_gone) ++count_of(counts_, ClusterFault::Suspicion);
      const auto deposed = log.depose(leader, kDeposeWithin);
      if (!deposed && deposed.error().fault != Fault::Unavailable) {
        return judge_error(deposed.error());
      }
    }
    if (log.leader().epoch == 0) {
      const Next next = try_to_lead(log, machine, consumer);
      if (next != Next::End) return next;
      if (is_ending()) return Next::End;
    }
    const auto news = log.follow(kPatience, consumer);
    if (!news) return judge_error(news.error());
    if (*news == SharedLog::News::Behind) return Next::LoadAnew;
    note(machine);
  }
  return Next::End;
}

Node::Next Node::try_to_lead(SharedLog& log, state::Machine& machine, journal::Consumer& consumer) {
  const auto epoch = log.campaign();
  if (!epoch || *epoch == 0) return Next::End;
  const auto caught_up = log.catch_up(*epoch, consumer);
  if (caught_up && *caught_up != SharedLog::News::Behind) {
    epoch_ = *epoch;
    note(machine);
    // All that those before it were answered by etcd, it must have found. Whether it still leads,
    // its appends will tell: the answer to its campaign may have come late.
    witness_.claim(name_, "leads", witness_.acknowledged_before(*epoch), machine.last_index());
    return Next::Lead;
  }
  const auto deposed = log.depose(*epoch, kGiveBackWithin);
  if (!caught_up) return judge_error(caught_up.error());
  if (!deposed) return judge_error(deposed.error());
  return Next::LoadAnew;
}

void Node::lead(SharedLog& log, state::Machine& machine) {
  ++terms_;
  bool is_over = false;
  const auto snapshots = host_->start([this, &log, &is_over] { make_snapshots(log, is_over); });
  {
    const auto journal = log.lead(epoch_);
    state::Walk<Drawn> walk{Drawn(chance_)};
    base::Time surveyed = journal::etcd::now();
    while (!is_ending() && judge_.is_content()) {
      if (is_resting_) {
        pause(kPauseAtRest);
        continue;
      }
      journal::Batch batch;
      for (std::uint64_t left = 1 + chance_.below(6); left > 0; --left) {
        command::Entry entry = walk.next(std::max(machine.next_index(), journal->next_index()),
                                         machine.now(), machine.next_deadline());
        const command::Outcome outcome = machine.apply(entry);
        walk.learn(entry, outcome);
        if (!outcome.changed) continue;
        std::string payload;
        command::encode(entry, payload);
        batch.add(entry.index, entry.now, entry.wall, payload);
        batch.mark = entry.now;
      }
      if (batch.mark == base::Time()) batch.mark = machine.now();
      batch.digest = machine.running_digest();
      if (!append(*journal, machine, batch)) break;
      if (chance_.one_in(3) && !answer_a_read(*journal, machine)) break;
      pause(chance_.between(Duration::from_us(10), Duration::from_ms(40)));
      if (journal::etcd::now() - surveyed < kSurveyEvery) continue;
      surveyed = journal::etcd::now();
      (void)log.survey();
    }
  }
  const std::uint64_t epoch = std::exchange(epoch_, 0);
  (void)log.depose(epoch, kGiveBackWithin);
  is_over = true;
  while (!snapshots->has_ended()) pause(Duration::from_ms(1));
}

/// False: it leads no more.
bool Node::append(journal::Journal& journal, state::Machine& machine, const journal::Batch& batch) {
  const auto appended = journal.append(batch);
  if (host_->is_dead()) return false;
  if (!appended) {
    if (appended.error().fault == Fault::Corrupt) (void)judge_error(appended.error());
    return false;
  }
  witness_.acknowledge(name_, epoch_, batch);
  note(machine);
  return true;
}

/// As the server answers what changes nothing: behind a barrier that was asked for afterwards.
bool Node::answer_a_read(journal::Journal& journal, const state::Machine& machine) {
  const std::uint64_t acknowledged = witness_.acknowledged();
  if (!journal.confirm() || host_->is_dead()) return false;
  witness_.claim(name_, "answers a read", acknowledged, machine.last_index());
  return true;
}

void Node::make_snapshots(SharedLog& log, const bool& is_over) {
  const std::uint64_t epoch = epoch_;
  const std::uint64_t batches_max = 5 + chance_.below(60);
  while (!is_over && !is_ending()) {
    pause(Duration::from_ms(250));
    if (chance_.one_in(20)) (void)log.health();
    if (is_over || log.tail().batches < batches_max) continue;
    state::Machine machine;
    WitnessedReplay consumer(witness_, name_ + "'s snapshots", machine);
    const auto position = log.replay(consumer);
    if (!position) {
      if (position.error().fault == Fault::Corrupt) (void)judge_error(position.error());
      continue;
    }
    journal::Snapshot snapshot{position->last_index, position->mark, position->digest, {}};
    machine.save(snapshot.payload);
    if (log.save(epoch, *position, snapshot)) ++count_of(counts_, ClusterFault::Snapshot);
  }
}

}  // namespace sim
