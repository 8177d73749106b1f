// A server as a node of a cluster: leading, standing by, and the change from one
// to the other.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <charconv>

#include "base/check.h"
#include "server/server.h"

namespace server {

namespace asio = boost::asio;
using base::Fault;
using base::Result;

namespace {

/// A standby has nothing to journal.
class NoAppender final : public Appender {
 public:
  void start(const journal::Batch&, Done) override { CHECK(false); }
};

/// Whether this version of etcd has the corrections that we know to matter (docs/cluster.md).
bool is_recommended(const std::string& version) {
  int numbers[3] = {0, 0, 0};
  const char* at = version.data();
  const char* const end = at + version.size();
  for (int& number : numbers) {
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc()) return false;
    at = next < end ? next + 1 : end;
  }
  const auto [major, minor, patch] = numbers;
  if (major != 3) return major > 3;
  if (minor == 5) return patch >= 33;
  if (minor == 6) return patch >= 14;
  return minor >= 7;
}

}  // namespace

Result<void> Server::open_cluster() {
  if (!open_shared_log_) {
    return base::failure(Fault::Config,
                         "this turnstile was built without etcd; build it with TURNSTILE_ETCD=ON");
  }
  auto log = open_shared_log_(config_);
  if (!log) return std::unexpected(log.error());
  topology_.emplace();
  topology_->self = config_.advertise;
  topology_->epoch_led = [] { return std::uint64_t{0}; };
  topology_->is_cut_off = [] { return false; };
  serving_ = make_standby();
  peer_watch_.emplace(loop_, [this](std::uint64_t epoch, Doubt doubt) {
    if (member_) member_->doubt_leader(epoch, doubt);
  });
  SnapshotRules rules;
  rules.tail_bytes_min = config_.compaction_bytes_min;
  rules.store_bytes_max = config_.etcd.quota_bytes;
  member_ = std::make_unique<Member>(
      loop_, *std::move(log), config_.advertise, rules,
      Member::Listener{[this](Lead lead) { begin_lead(std::move(lead)); },
                       [this](Topology topology) { take_news(std::move(topology)); },
                       [this](const journal::StoreHealth& health) { take_health(health); },
                       [this](const base::Error& error) { on_journal_failure(error); }});
  return {};
}

std::unique_ptr<Serving> Server::make_standby() {
  auto standby = std::make_unique<Serving>();
  standby->appender = std::make_unique<NoAppender>();
  make_pipeline(*standby, {});
  standby->service->redirects = true;
  return standby;
}

void Server::begin_lead(Lead lead) {
  auto leading = std::make_unique<Serving>();
  leading->machine = std::move(lead.machine);
  leading->journal = std::move(lead.journal);
  leading->appender = std::make_unique<JournalThread>(
      *leading->journal, loop_,
      [this](const auto& done, const auto& result) { finish_append(done, result); });
  make_pipeline(*leading, lead.position.mark);
  leading->pipeline->share_journal(member_->batch_bytes());
  lead_epoch_ = lead.epoch;
  lead_sequence_ = lead.position.sequence;
  topology_->is_leading = true;
  replace_serving(std::move(leading), "this node leads now; connect again");
  submit_first_entries();
  schedule_turn();
}

/// Called when an append or a confirmation failed: perhaps another leads, and whatever was applied
/// here and not seen to be appended may have happened or not.
void Server::step_down(const base::Error& why) {
  if (!is_leading()) return;
  spdlog::warn("this node ceases to lead: {}", why.message);
  topology_->is_leading = false;
  const std::uint64_t epoch = std::exchange(lead_epoch_, 0);
  replace_serving(make_standby(),
                  "this node ceased to lead before the journal had confirmed the request; it may "
                  "have been done, ask the new leader");
  retired_->appender.reset();
  retired_->journal.reset();
  member_->lost_lead(epoch);
}

/// A leader's key in etcd goes before its process does, so that another leads at once.
void Server::hand_over() {
  topology_->is_leading = false;
  replace_serving(make_standby(),
                  "this node stops; the request may have been done, ask the new leader");
  retired_->appender.reset();
  retired_->journal.reset();
  member_.reset();
}

void Server::replace_serving(std::unique_ptr<Serving> next, const std::string& why) {
  Hub& hub = *serving_->hub;
  hub.abandon(why, false);
  network_->flush();
  hub.abandon(why, true);
  network_->flush();
  CHECK_EQ(hub.connection_count(), 0U);
  next->service->stopping = serving_->service->stopping;
  network_->serve(*next->service);
  retired_ = std::exchange(serving_, std::move(next));
  armed_for_ = base::Time::never();
  tick_timer_.cancel();
}

void Server::take_news(Topology topology) {
  topology.is_leading = topology_->is_leading;
  topology.store = topology_->store;
  if (topology.is_leading) topology.position = topology_->position;
  topology_ = std::move(topology);
  const bool is_ours = topology_->leader.epoch == topology_->epoch_led();
  peer_watch_->watch(is_ours ? journal::Leadership() : topology_->leader);
}

void Server::take_health(const journal::StoreHealth& health) {
  if (health.version != topology_->store.version && !is_recommended(health.version)) {
    spdlog::warn(
        "etcd {} lacks corrections that matter here; run 3.5.33, 3.6.14, 3.7.1 or newer (see "
        "docs/cluster.md)",
        health.version);
  }
  topology_->store = health;
}

void Server::look_after_cluster() {
  if (!is_leading()) return;
  const Pipeline& pipeline = *serving_->pipeline;
  topology_->position.last_index = pipeline.durable_index();
  topology_->position.sequence = lead_sequence_ + pipeline.counters().batches;
  // An idle leader, too, is to notice soon that it leads no more.
  if (quarters_ % 4 == 0) serving_->pipeline->confirm();
}

}  // namespace server
