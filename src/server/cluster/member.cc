// Load, follow, lead, and from the beginning again.
#include "server/cluster/member.h"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "server/replayer.h"

namespace server {

using base::Fault;

namespace {

/// News come by themselves; this is how often the thread looks up without any.
constexpr base::Duration kPatience = base::Duration::from_ms(500);
constexpr std::chrono::milliseconds kPauseAfterError{100};
constexpr std::chrono::seconds kPauseAfterCampaign{1};
constexpr std::chrono::seconds kResignWithin{2};
/// After that the lease has run out by itself.
constexpr base::Duration kGiveBackWithin = base::Duration::from_seconds(5);
/// Long enough for another member of etcd, or another leader of etcd.
constexpr base::Duration kDeposeWithin = base::Duration::from_seconds(2);
/// Who was cut off from the store for so long, and so perhaps from the leader too, listens to him
/// for a while before it suspects him again.
constexpr std::chrono::seconds kCutOffAfter{3};
constexpr std::chrono::milliseconds kListenFor{2'000};
constexpr std::chrono::milliseconds kSurveyEvery{500};
/// A leader that the store has not answered for so long says so to whoever asks.
constexpr std::chrono::seconds kStoreSilence{1};
/// How long a leader's word that it is cut off counts; it is asked ten times a second.
constexpr std::chrono::milliseconds kWordCounts{300};
/// For so long the store must have answered this node, and the leader be cut off all the while:
/// when etcd elects a leader of its own it answers nobody, and then everybody, who tries each half
/// second.
constexpr std::chrono::seconds kAnsweredFor{1};

}  // namespace

Member::Member(boost::asio::io_context& loop, std::unique_ptr<journal::SharedLog> log,
               std::string self, SnapshotRules rules, Listener listener)
    : loop_(loop),
      log_(std::move(log)),
      self_(std::move(self)),
      rules_(rules),
      listener_(std::move(listener)),
      thread_([this] { run(); }) {}

Member::~Member() {
  *alive_ = false;
  stopping_ = true;
  log_->wake();
  {
    std::unique_lock lock(mutex_);
    woken_.notify_all();
    // A node that leads takes its key away before it stops asking the store, if the store answers.
    if (epoch_led_ != 0) woken_.wait_for(lock, kResignWithin, [this] { return ended_; });
  }
  log_->stop();
  thread_.join();
}

template <class Call>
void Member::tell(Call call) {
  boost::asio::post(loop_, [alive = alive_, call = std::move(call)]() mutable {
    if (*alive) call();
  });
}

void Member::doubt_leader(std::uint64_t epoch, Doubt doubt) {
  if (doubt == Doubt::CutOff) {
    cut_off_said_at_ = Clock::now();
    cut_off_ = epoch;
  } else {
    suspected_ = epoch;
  }
  log_->wake();
}

bool Member::is_cut_off() const {
  return is_surveying_ && Clock::now() - heard_store_at_.load() > kStoreSilence;
}

void Member::lost_lead(std::uint64_t epoch) {
  // At once, and not when the thread has heard from the store: standbys wait for this word.
  std::uint64_t led = epoch;
  epoch_led_.compare_exchange_strong(led, 0);
  const std::lock_guard lock(mutex_);
  lost_ = epoch;
  woken_.notify_all();
}

void Member::tell_news(bool is_caught_up) {
  Topology topology;
  topology.self = self_;
  topology.epoch_led = [this] { return epoch_led(); };
  topology.is_cut_off = [this] { return is_cut_off(); };
  topology.members = log_->members();
  topology.leader = log_->leader();
  topology.position = log_->position();
  topology.tail = log_->tail();
  topology.snapshot = log_->last_snapshot();
  topology.is_caught_up = is_caught_up;
  topology.terms = terms_;
  tell(
      [this, topology = std::move(topology)]() mutable { listener_.on_news(std::move(topology)); });
}

void Member::run() {
  Next next = Next::LoadAnew;
  while (next != Next::End && !is_stopping()) {
    auto machine = std::make_unique<state::Machine>();
    Replayer replayer(*machine);
    tell_news(false);
    if (auto loaded = log_->load(replayer); !loaded) {
      next = judge(loaded.error());
      continue;
    }
    hear_store();
    spdlog::info("the shared log is loaded up to batch {}, index {}", log_->position().sequence,
                 log_->position().last_index);
    tell_news(true);
    next = stand_by(*machine);
    if (next == Next::Lead) {
      lead(std::move(machine));
      next = Next::LoadAnew;
    }
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  woken_.notify_all();
}

Member::Next Member::judge(const base::Error& error) {
  if (is_stopping()) return Next::End;
  if (error.fault == Fault::Unavailable || error.fault == Fault::InUse) {
    spdlog::warn("standing by: {}; the log is read anew", error.message);
    std::this_thread::sleep_for(kPauseAfterError);
    return Next::LoadAnew;
  }
  tell([this, error] { listener_.on_failure(error); });
  return Next::End;
}

Member::Next Member::stand_by(state::Machine& machine) {
  Replayer replayer(machine);
  while (!is_stopping()) {
    const std::uint64_t leader = log_->leader().epoch;
    // A campaign of this node's that reached the store late, or its former process: nobody leads.
    const bool is_own = log_->leader().node == self_;
    if (leader != 0 && (is_own || is_to_be_replaced(leader))) {
      spdlog::warn("{}, which leads in epoch {}, is gone or cut off from the store",
                   log_->leader().node, leader);
      if (auto deposed = log_->depose(leader, kDeposeWithin); !deposed) {
        if (deposed.error().fault != Fault::Unavailable) return judge(deposed.error());
        heard_store_at_ = Clock::time_point();
      }
    }
    if (log_->leader().epoch == 0) {
      const Next next = try_to_lead(replayer);
      if (next != Next::End) return next;
      if (is_stopping()) return Next::End;
      tell_news(true);
    }
    const auto news = log_->follow(kPatience, replayer);
    if (!news) return judge(news.error());
    hear_store();
    if (*news == journal::SharedLog::News::Behind) {
      spdlog::warn("this node has fallen behind the log; it is read anew");
      return Next::LoadAnew;
    }
    tell_news(true);
  }
  return Next::End;
}

/// A leader that is gone, at once. One that is cut off, when the store has answered this node for a
/// while: a change of leaders is no gain if nobody, or everybody, hears the store.
bool Member::is_to_be_replaced(std::uint64_t leader) {
  if (leader == suspected_ && Clock::now() >= suspects_from_) return true;
  const auto is_cut_off = [&] {
    return leader == cut_off_ && Clock::now() - cut_off_said_at_.load() < kWordCounts;
  };
  const auto asked_at = Clock::now();
  if (!is_cut_off() || !log_->survey()) {
    answered_since_.reset();
    return false;
  }
  const auto now = Clock::now();
  if (!answered_since_ || now - asked_at > kWordCounts) answered_since_ = now;
  return now - *answered_since_ >= kAnsweredFor && is_cut_off();
}

/// Who has heard neither store nor leader was cut off. Now that the store answers, the leader may
/// turn out to have been well all the while.
void Member::hear_store() {
  const auto now = Clock::now();
  if (now - heard_store_at_.load() > kCutOffAfter && suspected_ == log_->leader().epoch) {
    suspected_ = 0;
    suspects_from_ = now + kListenFor;
  }
  heard_store_at_ = now;
}

/// End: another node was faster, or it did not work.
Member::Next Member::try_to_lead(journal::Consumer& consumer) {
  const auto epoch = log_->campaign();
  if (!epoch && !is_stopping()) {
    // As when etcd is full: this node goes on standing by, and tries again.
    spdlog::error("this node cannot lead: {}", epoch.error().message);
    std::this_thread::sleep_for(kPauseAfterCampaign);
  }
  if (!epoch || *epoch == 0) return Next::End;
  epoch_led_ = *epoch;
  const auto caught_up = log_->catch_up(*epoch, consumer);
  const bool is_ready = caught_up && *caught_up != journal::SharedLog::News::Behind;
  if (is_ready) return Next::Lead;
  epoch_led_ = 0;
  const auto deposed = log_->depose(*epoch, kGiveBackWithin);
  if (!caught_up) return judge(caught_up.error());
  if (!deposed) return judge(deposed.error());
  return Next::LoadAnew;
}

/// Waits for that, for a while.
bool Member::is_lead_over(std::uint64_t epoch) {
  std::unique_lock lock(mutex_);
  return woken_.wait_for(lock, kSurveyEvery, [&] { return lost_ == epoch || is_stopping(); });
}

void Member::lead(std::unique_ptr<state::Machine> machine) {
  const std::uint64_t epoch = epoch_led_;
  ++terms_;
  spdlog::info("this node leads in epoch {}, from batch {} on", epoch,
               log_->position().sequence + 1);
  tell_news(true);
  auto lead =
      std::make_shared<Lead>(Lead{epoch, std::move(machine), log_->lead(epoch), log_->position()});
  tell([this, lead = std::move(lead)] { listener_.on_lead(std::move(*lead)); });
  {
    Snapshotter snapshotter(*log_, epoch, rules_, [this](const journal::StoreHealth& health) {
      nearly_full_ = health.bytes * 100 > rules_.store_bytes_max * kRefuseAtPercent;
      tell([this, health] { listener_.on_health(health); });
    });
    hear_store();
    is_surveying_ = true;
    while (!is_lead_over(epoch)) {
      if (!log_->survey()) continue;
      hear_store();
      tell_news(true);
    }
    is_surveying_ = false;
    epoch_led_ = 0;
    // Whoever waits to lead need not wait for the lease. If another one leads, nothing happens.
    if (auto deposed = log_->depose(epoch, kGiveBackWithin); !deposed) {
      spdlog::warn("cannot take the leader's key away: {}", deposed.error().message);
    }
  }
  nearly_full_ = false;
  spdlog::info("this node no longer leads in epoch {}", epoch);
}

}  // namespace server
