// The ways of requests, answers and changes; and the client that the shared log is
// linked with here, in place of the one that speaks gRPC.
#include "sim/cluster/network.h"

#include <algorithm>

#include "base/check.h"

namespace sim {

using base::Duration;
using base::Time;
namespace etcd = journal::etcd;

namespace {

EtcdNetwork* present_network = nullptr;

}  // namespace

EtcdNetwork::EtcdNetwork(Timeline& timeline, Chance chance, const Terms& terms,
                         ClusterFaultCounts& counts)
    : timeline_(timeline), chance_(std::move(chance)), terms_(terms), counts_(counts) {
  CHECK(present_network == nullptr);
  present_network = this;
}

EtcdNetwork::~EtcdNetwork() { present_network = nullptr; }

EtcdNetwork& EtcdNetwork::present() {
  CHECK(present_network != nullptr);
  return *present_network;
}

void EtcdNetwork::calm() {
  terms_ = {.lost_in = 0, .late_in = 0, .lag_in = 0, .watch_lag_in = 0, .latency = terms_.latency};
  stalled_until_ = Time();
}

EtcdNetwork::Fate EtcdNetwork::draw_fate() {
  Fate fate;
  fate.there = terms_.latency + terms_.latency * chance_.between(0, 100) / 100;
  fate.back = terms_.latency + terms_.latency * chance_.between(0, 100) / 100;
  if (chance_.one_in(terms_.lost_in))
    (chance_.one_in(2) ? fate.is_request_lost : fate.is_reply_lost) = true;
  if (chance_.one_in(terms_.late_in)) {
    fate.there = chance_.between(Duration::from_ms(50), Duration::from_seconds(20));
  }
  fate.is_lagging = chance_.one_in(terms_.lag_in);
  return fate;
}

// --- watches

std::shared_ptr<EtcdNetwork::Subscription> EtcdNetwork::subscribe(Subscription subscription) {
  auto made = std::make_shared<Subscription>(std::move(subscription));
  subscriptions_.push_back(made);
  send_changes(made);
  return made;
}

std::size_t EtcdNetwork::end_watches() {
  const auto ended = std::exchange(subscriptions_, {});
  std::size_t count = 0;
  for (const auto& each : ended) {
    if (each->host == nullptr || each->host->is_dead()) continue;
    ++count;
    each->on_changes({});
    each->host = nullptr;
  }
  return count;
}

void EtcdNetwork::announce() {
  std::erase_if(subscriptions_, [](const auto& each) { return each->host == nullptr; });
  for (const auto& each : subscriptions_) send_changes(each);
}

void EtcdNetwork::send_changes(const std::shared_ptr<Subscription>& to) {
  if (std::exchange(to->is_under_way, true)) return;
  Duration delay = terms_.latency + terms_.latency * chance_.between(0, 100) / 100;
  if (chance_.one_in(terms_.watch_lag_in)) {
    count(ClusterFault::WatchLag);
    delay = chance_.between(Duration::from_ms(10), Duration::from_seconds(10));
  }
  timeline_.after(delay, [this, to] { deliver(to); });
}

void EtcdNetwork::deliver(const std::shared_ptr<Subscription>& to) {
  to->is_under_way = false;
  if (to->host == nullptr || to->host->is_dead()) return;
  // What the systems of both ends hold comes later.
  if (!to->host->hears() || is_stalled()) return send_changes(to);
  if (to->next <= etcd_.compacted()) {
    count(ClusterFault::WatchEnd);
    to->on_changes({});
    to->host = nullptr;
    return;
  }
  auto changes = etcd_.changes(to->key, to->end, to->next);
  to->next = etcd_.revision() + 1;
  if (!changes.empty()) to->on_changes(std::move(changes));
}

// --- bells

void EtcdNetwork::wait_for_bell(const etcd::Bell* bell, Duration at_most) {
  Actor* actor = Actor::current();
  CHECK(actor != nullptr);
  waiting_[bell] = actor;
  actor->wait_until(timeline_.now() + at_most);
  waiting_.erase(bell);
}

void EtcdNetwork::ring(const etcd::Bell* bell) {
  const auto found = waiting_.find(bell);
  if (found != waiting_.end()) found->second->wake();
}

}  // namespace sim

// --- what the shared log calls

namespace journal::etcd {

using sim::Actor;
using sim::EtcdNetwork;

struct Client::Calls {};

Client::Client(const Access&) {}
Client::~Client() = default;

Answer<Committed> Client::commit(const Transaction& transaction, base::Duration within) {
  return EtcdNetwork::present().ask<Committed>(
      within, [transaction](sim::Etcd& etcd) { return etcd.commit(transaction); });
}

Answer<Found> Client::range(const Range& range, base::Duration within) {
  return EtcdNetwork::present().ask<Found>(within,
                                           [range](sim::Etcd& etcd) { return etcd.range(range); });
}

Answer<Lease> Client::grant_lease(base::Duration ttl, base::Duration within) {
  return EtcdNetwork::present().ask<Lease>(
      within, [ttl](sim::Etcd& etcd) { return Answer<Lease>(Lease{etcd.grant(now(), ttl), ttl}); });
}

Answer<Lease> Client::keep_alive(std::int64_t lease, base::Duration within) {
  return EtcdNetwork::present().ask<Lease>(within, [lease](sim::Etcd& etcd) {
    const base::Duration ttl = etcd.keep_alive(lease, now());
    return Answer<Lease>(Lease{lease, ttl});
  });
}

Answer<void> Client::revoke(std::int64_t lease, base::Duration within) {
  return EtcdNetwork::present().ask<void>(within, [lease](sim::Etcd& etcd) {
    etcd.revoke(lease);
    return Answer<void>();
  });
}

Answer<void> Client::compact(std::int64_t revision, base::Duration within) {
  return EtcdNetwork::present().ask<void>(
      within, [revision](sim::Etcd& etcd) { return etcd.compact(revision); });
}

Answer<Status> Client::status(base::Duration within) {
  return EtcdNetwork::present().ask<Status>(within, [](sim::Etcd& etcd) {
    return Answer<Status>(Status{"simulated", static_cast<std::int64_t>(etcd.bytes()), 1, 1, 1});
  });
}

/// This etcd looks like one member.
Answer<Status> Client::status_of(std::size_t, base::Duration within) { return status(within); }
std::size_t Client::member_count() const { return 1; }
void Client::prefer(std::size_t) {}

namespace {

class Listening final : public Watch {
 public:
  explicit Listening(std::shared_ptr<EtcdNetwork::Subscription> subscription)
      : subscription_(std::move(subscription)) {}
  ~Listening() override { subscription_->host = nullptr; }

 private:
  const std::shared_ptr<EtcdNetwork::Subscription> subscription_;
};

}  // namespace

std::unique_ptr<Watch> Client::watch(const std::string& key, const std::string& end,
                                     std::int64_t revision, OnChanges on_changes) {
  return std::make_unique<Listening>(
      EtcdNetwork::present().subscribe({.host = &Actor::current()->host(),
                                        .key = key,
                                        .end = end,
                                        .next = revision,
                                        .on_changes = std::move(on_changes)}));
}

// --- time, chance and waiting

base::Time now() { return EtcdNetwork::present().timeline().now(); }

void pause(base::Duration length) {
  if (Actor* actor = Actor::current()) actor->wait_until(now() + length);
}

Id random_id() {
  Id id{};
  for (std::uint8_t& byte : id) {
    byte = static_cast<std::uint8_t>(EtcdNetwork::present().chance().below(256));
  }
  return id;
}

void Bell::ring() {
  has_rung_ = true;
  EtcdNetwork::present().ring(this);
}

void Bell::wait(base::Duration at_most) {
  if (!has_rung_) EtcdNetwork::present().wait_for_bell(this, at_most);
  has_rung_ = false;
}

struct Worker::Running {
  std::shared_ptr<Actor> actor;
};

Worker::Worker(std::function<void()> run)
    : running_(std::make_unique<Running>(Actor::current()->host().start(std::move(run)))) {}
Worker::~Worker() = default;
void Worker::join() {
  while (!running_->actor->has_ended()) {
    running_->actor->wake();
    pause(base::Duration::from_ms(1));
  }
}

}  // namespace journal::etcd
