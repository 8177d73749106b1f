// Between the nodes of a world and its etcd: requests and answers that come late,
// or only half of the way, or not at all.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "journal/etcd/client.h"
#include "journal/etcd/outside.h"
#include "sim/chance.h"
#include "sim/cluster/actor.h"
#include "sim/cluster/etcd.h"
#include "sim/cluster/faults.h"
#include "sim/timeline.h"

namespace sim {

class EtcdNetwork {
 public:
  /// How much goes wrong: of so many requests one; 0: none.
  struct Terms {
    std::uint64_t lost_in = 0;
    std::uint64_t late_in = 0;
    std::uint64_t lag_in = 0;
    std::uint64_t watch_lag_in = 0;
    base::Duration latency;
  };

  EtcdNetwork(Timeline& timeline, Chance chance, const Terms& terms, ClusterFaultCounts& counts);
  ~EtcdNetwork();

  /// The one of the present world, which the client's functions find here.
  static EtcdNetwork& present();

  Timeline& timeline() { return timeline_; }
  Etcd& etcd() { return etcd_; }
  Chance& chance() { return chance_; }
  /// Nothing is answered before that.
  void stall(base::Time until) { stalled_until_ = until; }
  bool is_stalled() const { return timeline_.now() < stalled_until_; }
  void calm();
  std::size_t end_watches();

  /// Has etcd do something for the actor that runs, and waits for the answer.
  template <class T>
  journal::etcd::Answer<T> ask(base::Duration within,
                               std::function<journal::etcd::Answer<T>(Etcd&)> what);

  // --- watches
  struct Subscription {
    Host* host = nullptr;  ///< null: nobody listens any more
    std::string key;
    std::string end;
    std::int64_t next = 0;  ///< the first revision it has not told
    journal::etcd::OnChanges on_changes;
    bool is_under_way = false;
  };
  std::shared_ptr<Subscription> subscribe(Subscription subscription);

  // --- bells
  void wait_for_bell(const journal::etcd::Bell* bell, base::Duration at_most);
  void ring(const journal::etcd::Bell* bell);

 private:
  struct Fate {
    base::Duration there;
    base::Duration back;
    bool is_request_lost = false;
    bool is_reply_lost = false;
    bool is_lagging = false;
  };
  Fate draw_fate();
  void count(ClusterFault fault) { ++count_of(counts_, fault); }
  /// What has changed is on its way to all who watch.
  void announce();
  void send_changes(const std::shared_ptr<Subscription>& to);
  void deliver(const std::shared_ptr<Subscription>& to);

  Timeline& timeline_;
  Chance chance_;
  Terms terms_;
  ClusterFaultCounts& counts_;
  Etcd etcd_;
  base::Time stalled_until_;
  std::vector<std::shared_ptr<Subscription>> subscriptions_;
  std::map<const journal::etcd::Bell*, Actor*> waiting_;
};

template <class T>
journal::etcd::Answer<T> EtcdNetwork::ask(base::Duration within,
                                          std::function<journal::etcd::Answer<T>(Etcd&)> what) {
  using journal::etcd::Answer;
  using journal::etcd::Failure;
  using journal::etcd::Trouble;
  const auto silence = [] {
    return std::unexpected(Failure{Trouble::Unknown, "no answer in time"});
  };
  Actor* actor = Actor::current();
  if (actor == nullptr || actor->host().is_dead()) return silence();
  Host* host = &actor->host();
  const Fate fate = draw_fate();
  if (fate.is_lagging) {
    count(ClusterFault::Lag);
    actor->wait_until(timeline_.now() + fate.there);
    return std::unexpected(Failure{Trouble::Future, "required revision is a future revision"});
  }
  const auto answer = std::make_shared<std::optional<Answer<T>>>();
  const base::Time give_up = timeline_.now() + within;
  const bool leaves = !host->is_cut_off() && !fate.is_request_lost;
  if (fate.is_request_lost) count(ClusterFault::RequestLost);
  if (fate.is_reply_lost) count(ClusterFault::ReplyLost);
  if (leaves && fate.there > within) count(ClusterFault::RequestLate);
  // It arrives even if its sender is dead by then.
  const base::Time arrival = std::max(timeline_.now() + fate.there, stalled_until_);
  if (leaves) {
    timeline_.at(arrival, [this, self = actor->shared_from_this(), host, answer, what, fate] {
      Answer<T> result = what(etcd_);
      announce();
      if (fate.is_reply_lost) return;
      timeline_.after(fate.back, [self, host, answer, result = std::move(result)] {
        if (host->is_dead() || host->is_cut_off()) return;
        *answer = result;
        self->wake();
      });
    });
  }
  while (!*answer && timeline_.now() < give_up && !host->is_dead()) actor->wait_until(give_up);
  // What comes from now on is for nobody.
  if (*answer) return std::move(**answer);
  return silence();
}

}  // namespace sim
