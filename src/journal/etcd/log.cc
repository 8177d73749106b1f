// Reading and following.
#include "journal/etcd/log.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <fstream>

#include "journal/etcd/asking.h"

namespace journal::etcd {

using base::Fault;
using base::Result;

namespace {

/// Batches in a page: at most 1.5 MiB each, and a message has 64 MiB (client.cc).
constexpr std::int64_t kPage = 40;
/// The watch is not believed when it is silent: after so long the log is read.
constexpr base::Duration kPollEvery = base::Duration::from_seconds(1);
/// So many polls in a row from the past are no accident.
constexpr int kStalePollsMax = 30;
/// A watch that ends as soon as it begins must not spin.
constexpr base::Duration kPauseAfterWatch = base::Duration::from_ms(10);

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace

base::Error to_error(const Failure& failure) {
  const Fault fault = failure.trouble == Trouble::Refused ? Fault::Config : Fault::Unavailable;
  return {fault, "etcd: " + failure.message};
}

Log::Log(const EtcdLogOptions& options)
    : options_(options),
      layout_(options.prefix),
      client_(options.access),
      lease_(options.access, layout_.member(options.node), options.lease_ttl),
      snapshots_(options.access, layout_, stopped_) {}

Log::~Log() { stop(); }

Result<void> Log::open() {
  const std::string fresh = "turnstile shared log 1\n" + to_hex(random_id()) + "\n";
  constexpr base::Duration kOpenWithin = base::Duration::from_seconds(30);
  const base::Time give_up_at = now() + kOpenWithin;
  for (;;) {
    const auto made = client_.commit({{CreatedAt{layout_.meta(), 0}},
                                      {Put{layout_.meta(), fresh}, Get{layout_.meta()}},
                                      {Get{layout_.meta()}}},
                                     kShortCall);
    if (made) {
      const std::string& meta = made->found.front().value;
      if (first_line(meta) != first_line(fresh)) {
        return base::failure(Fault::Config,
                             fmt::format("etcd key {} is not that of a log of this program's "
                                         "format: \"{}\"",
                                         layout_.meta(), first_line(meta)));
      }
      first_chain_ = base::sha256(meta);
      return {};
    }
    const bool is_certain = made.error().trouble != Trouble::Unknown;
    if (is_certain || now() > give_up_at) {
      return std::unexpected(to_error(made.error()));
    }
    pause(base::Duration::from_ms(50));
  }
}

// --- reading

Result<void> Log::load(Consumer& consumer) {
  watch_.reset();
  position_ = {};
  position_.chain = first_chain_;
  tail_.reset();
  const auto newest =
      ask_until_certain(stopped_, [&] { return client_.range({layout_.meta(), {}}, kShortCall); });
  if (!newest) return std::unexpected(to_error(newest.error()));
  if (newest->items.empty()) {
    // A member that lags may not have it yet.
    return base::failure(Fault::Unavailable, "etcd key " + layout_.meta() + " is missing");
  }
  if (base::sha256(newest->items.front().value) != first_chain_) {
    return base::failure(Fault::Corrupt, fmt::format("etcd key {} is another than before; this is "
                                                     "no longer the same log",
                                                     layout_.meta()));
  }
  auto restored = snapshots_.restore_newest(client_, newest->revision, consumer, position_);
  if (!restored) return std::unexpected(restored.error());
  const auto news = replay_from(position_.sequence + 1, newest->revision, consumer);
  if (!news) return std::unexpected(news.error());
  if (*news == News::Behind) {
    return base::failure(Fault::Corrupt,
                         fmt::format("batch {} is missing in etcd, and no good snapshot holds it",
                                     position_.sequence + 1));
  }
  cluster_id_ = newest->cluster_id;
  const auto rest = poll(consumer);
  if (!rest) return std::unexpected(rest.error());
  if (*rest == News::Behind) {
    // The consumer has seen some of it; only a new one can begin again.
    return base::failure(Fault::Unavailable, "the log was cut while it was read");
  }
  lease_.progressed();
  return {};
}

Result<SharedLog::News> Log::replay_batches(Client& client, std::uint64_t first,
                                            std::int64_t revision, Consumer& consumer,
                                            LogPosition& position, TailCounter* tail) {
  News news = News::None;
  std::string next = layout_.batch(first);
  for (;;) {
    const auto page = ask_until_certain(stopped_, [&] {
      return client.range({next, layout_.batches_end(), revision, kPage}, kLongCall);
    });
    if (!page) return std::unexpected(to_error(page.error()));
    for (const KeyValue& item : page->items) {
      const auto sequence = layout_.batch_of(item.key);
      if (!sequence) continue;
      if (*sequence != position.sequence + 1) return News::Behind;
      if (auto done = replay_batch(item.key, item.value, position, consumer); !done) {
        return std::unexpected(done.error());
      }
      if (tail != nullptr) tail->add(item.value.size());
      news = News::Some;
    }
    if (!page->has_more) return news;
    next = page->items.back().key + '\0';
  }
}

Result<SharedLog::News> Log::replay_from(std::uint64_t first, std::int64_t revision,
                                         Consumer& consumer) {
  return replay_batches(client_, first, revision, consumer, position_, &tail_);
}

/// The batch at the position itself is read too: if it is gone though nothing later was
/// snapshotted, or is another one, etcd has lost what it had acknowledged.
Result<SharedLog::News> Log::poll(Consumer& consumer) {
  const auto last = ask_until_certain(stopped_, [&] {
    return client_.range({layout_.batch(position_.sequence), layout_.batches_end(), 0, 1},
                         kShortCall);
  });
  if (!last) return std::unexpected(to_error(last.error()));
  if (cluster_id_ != 0 && last->cluster_id != cluster_id_) {
    return base::failure(Fault::Corrupt,
                         "etcd is another cluster than before; if it was restored "
                         "from a backup, see docs/cluster.md");
  }
  if (last->revision < revision_) {
    // A member may lag, and some versions answer from the past. What has gone back for good was
    // restored from a backup.
    if (++stale_polls_ < kStalePollsMax) return News::None;
    return base::failure(Fault::Corrupt,
                         fmt::format("etcd is at revision {} and was at {} before; if it was "
                                     "restored from a backup, see docs/cluster.md",
                                     last->revision, revision_));
  }
  stale_polls_ = 0;
  if (position_.sequence > 0) {
    if (last->items.empty()) {
      return base::failure(Fault::Corrupt,
                           fmt::format("etcd has lost batch {}, which it had acknowledged; if it "
                                       "was restored from a backup, see docs/cluster.md",
                                       position_.sequence));
    }
    const KeyValue& item = last->items.front();
    if (item.key != layout_.batch(position_.sequence)) return News::Behind;
    if (base::sha256(item.value) != position_.chain) {
      return base::failure(Fault::Corrupt,
                           fmt::format("etcd key {} is another batch than before; if etcd was "
                                       "restored from a backup, see docs/cluster.md",
                                       item.key));
    }
  }
  const std::int64_t revision = last->revision;
  auto news = replay_from(position_.sequence + 1, revision, consumer);
  if (!news || *news == News::Behind) return news;
  const auto around = look_around(revision);
  if (!around) return std::unexpected(around.error());
  if (*around == News::Some) news = News::Some;
  revision_ = std::max(revision_, revision);
  return news;
}

Result<SharedLog::News> Log::look_around(std::int64_t revision) {
  const auto around = ask_until_certain(stopped_, [&] {
    return client_.range({layout_.batches_end(), layout_.watched_end(), revision}, kShortCall);
  });
  if (!around) return std::unexpected(to_error(around.error()));
  const auto leader = ask_until_certain(
      stopped_, [&] { return client_.range({layout_.leader(), {}, revision}, kShortCall); });
  if (!leader) return std::unexpected(to_error(leader.error()));
  std::vector<std::string> members;
  for (const KeyValue& item : around->items) {
    if (auto member = layout_.member_of(item.key)) members.push_back(*member);
  }
  const bool others = members != members_;
  members_ = std::move(members);
  const bool another = set_leader(leader->items.empty() ? nullptr : &leader->items.front());
  return others || another ? News::Some : News::None;
}

Result<void> Log::survey() {
  const auto looked = look_around(0);
  if (!looked) return std::unexpected(looked.error());
  leading_member_.look(client_);
  return {};
}

// --- following

void Log::start_watch() {
  watch_.reset();
  {
    const std::lock_guard lock(inbox_.mutex);
    inbox_.changes.clear();
    inbox_.ended = false;
  }
  watch_ = client_.watch(layout_.watched(), layout_.watched_end(), revision_ + 1,
                         [this](std::vector<Change> changes) {
                           const std::lock_guard lock(inbox_.mutex);
                           if (changes.empty()) inbox_.ended = true;
                           for (Change& change : changes) {
                             inbox_.changes.push_back(std::move(change));
                           }
                           inbox_.filled.ring();
                         });
}

std::vector<Change> Log::wait(base::Duration patience) {
  inbox_.filled.wait(patience);
  const std::lock_guard lock(inbox_.mutex);
  return std::exchange(inbox_.changes, {});
}

Result<SharedLog::News> Log::follow(base::Duration patience, Consumer& consumer) {
  if (stopped_) return base::failure(Fault::Unavailable, "stopped");
  if (!watch_) start_watch();
  const auto changes = wait(std::min(patience, kPollEvery));
  News news = News::None;
  for (const Change& change : changes) {
    const auto taken = take(change, consumer);
    if (!taken) return std::unexpected(taken.error());
    if (*taken == News::Behind) {
      watch_.reset();  // it has left something out, or the log was cut: the log itself knows
      break;
    }
    if (*taken == News::Some) news = News::Some;
  }
  bool ended = false;
  {
    const std::lock_guard lock(inbox_.mutex);
    ended = inbox_.ended && inbox_.changes.empty();
  }
  if (ended) pause(kPauseAfterWatch);
  const base::Time time = now();
  if (!changes.empty()) heard_at_ = time;
  const bool is_silent = time - heard_at_ >= kPollEvery;
  if (watch_ && !ended && !is_silent) {
    if (news == News::Some) lease_.progressed();
    return news;
  }
  heard_at_ = time;
  const auto polled = poll(consumer);
  if (!polled) return polled;
  // What a healthy watch would have said by now it will not say any more.
  if (ended || *polled == News::Some) watch_.reset();
  lease_.progressed();
  return *polled == News::None ? news : *polled;
}

/// Behind: a batch is missing before this one.
Result<SharedLog::News> Log::take(const Change& change, Consumer& consumer) {
  const KeyValue& item = change.item;
  // A watch that lags behind a poll tells of leaders and members what is no longer so.
  const bool is_old = item.mod_revision < revision_;
  revision_ = std::max(revision_, item.mod_revision);
  if (is_old && !layout_.batch_of(item.key)) return News::None;
  if (item.key == layout_.leader()) {
    return set_leader(change.is_deletion ? nullptr : &item) ? News::Some : News::None;
  }
  if (const auto member = layout_.member_of(item.key)) {
    const auto at = std::lower_bound(members_.begin(), members_.end(), *member);
    const bool known = at != members_.end() && *at == *member;
    if (known == !change.is_deletion) return News::None;
    if (known) {
      members_.erase(at);
    } else {
      members_.insert(at, *member);
    }
    return News::Some;
  }
  const auto sequence = layout_.batch_of(item.key);
  if (!sequence || change.is_deletion || *sequence <= position_.sequence) return News::None;
  if (*sequence != position_.sequence + 1) return News::Behind;
  if (auto done = replay_batch(item.key, item.value, position_, consumer); !done) {
    return std::unexpected(done.error());
  }
  tail_.add(item.value.size());
  return News::Some;
}

/// True if that is news.
bool Log::set_leader(const KeyValue* item) {
  Leadership now;
  if (item != nullptr) {
    now = {static_cast<std::uint64_t>(item->create_revision),
           item->value.substr(0, item->value.find(' '))};
  }
  if (now == leader_) return false;
  leader_ = std::move(now);
  return true;
}

void Log::wake() { inbox_.filled.ring(); }

void Log::stop() {
  stopped_ = true;
  wake();
}

}  // namespace journal::etcd

namespace journal {

base::Result<std::unique_ptr<SharedLog>> open_etcd_log(const EtcdLogOptions& given) {
  EtcdLogOptions options = given;
  if (!options.password_file.empty()) {
    std::ifstream file(options.password_file);
    if (!std::getline(file, options.access.password)) {
      return base::failure(base::Fault::Config,
                           "cannot read a password from " + options.password_file);
    }
  }
  for (const std::string& path :
       {options.access.ca_file, options.access.certificate_file, options.access.key_file}) {
    if (!path.empty() && !std::ifstream(path)) {
      return base::failure(base::Fault::Config, "cannot read " + path);
    }
  }
  auto log = std::make_unique<etcd::Log>(options);
  if (auto opened = log->open(); !opened) return std::unexpected(opened.error());
  return log;
}

}  // namespace journal
