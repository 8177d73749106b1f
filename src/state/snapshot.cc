// The whole state as bytes, and back.
//
//     format u32 · rules · last index u64 · cluster time i64 · running digest u64
//     sessions: count u32, each by rising id
//     grants:   count u32, each by rising token
//     waiters:  count u32, each by rising id
//     ended grants
//
// Keys, queues, deadlines and each session's lists follow from these.
#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "state/machine.h"

namespace state {

namespace {

constexpr std::uint32_t kFormat = 1;

template <class Map>
std::vector<std::uint64_t> sorted_ids(const Map& map) {
  std::vector<std::uint64_t> ids;
  ids.reserve(map.size());
  for (const auto& [id, item] : map) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::unexpected<base::Error> corrupt(std::string what) {
  return base::failure(base::Fault::Corrupt, "the snapshot's state is damaged: " + std::move(what));
}

/// Where indexes and tokens end; see the numbers of the wire.
constexpr std::uint64_t kIndexMax = std::uint64_t{1} << 53;

/// Far from where sums and products of times could overflow: 142 years, and 2,000.
constexpr std::int64_t kLengthMax = std::int64_t{1} << 52;
constexpr std::int64_t kTimeMax = std::int64_t{1} << 56;

bool is_sane(Duration d) { return d.us() >= 0 && d.us() < kLengthMax; }

bool is_sane(Time time) { return time.us() > -kTimeMax && time.us() < kTimeMax; }

bool is_sane(const command::Rules& rules) {
  return is_sane(rules.ageing_step) && is_sane(rules.slack_min) && rules.slack_percent >= 0 &&
         rules.slack_percent <= 1'000;
}

bool are_distinct(const std::vector<command::KeyMode>& keys) {
  std::vector<std::string_view> names(keys.size());
  std::transform(keys.begin(), keys.end(), names.begin(),
                 [](const command::KeyMode& k) { return std::string_view(k.key); });
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) == names.end();
}

}  // namespace

void Machine::save(std::string& out) const {
  CHECK(entry_ == nullptr);
  base::ByteWriter writer(out);
  writer(kFormat, rules_, last_index_, now_, running_digest_);
  writer(static_cast<std::uint32_t>(sessions_.size()));
  for (const auto& [id, session] : sessions_) writer(session);
  writer(static_cast<std::uint32_t>(grants_.size()));
  for (std::uint64_t token : sorted_ids(grants_)) writer(*grants_.at(token));
  writer(static_cast<std::uint32_t>(waiters_.size()));
  for (std::uint64_t id : sorted_ids(waiters_)) writer(*waiters_.at(id));
  writer(ended_);
}

std::uint64_t Machine::digest() const {
  std::string bytes;
  save(bytes);
  return base::hash64(bytes);
}

base::Result<void> Machine::restore(std::string_view bytes) {
  CHECK_EQ(last_index_, 0U);
  CHECK(sessions_.empty());
  base::ByteReader reader(bytes);
  std::uint32_t format = 0;
  reader(format);
  if (format != kFormat) return corrupt(fmt::format("unknown format {}", format));
  reader(rules_, last_index_, now_, running_digest_);
  if (rules_.version > kRulesVersion) {
    return corrupt(
        fmt::format("it follows rules of version {}, this program knows {}; run a newer turnstile",
                    rules_.version, kRulesVersion));
  }
  if (!is_sane(now_) || !is_sane(rules_)) return corrupt("times out of range");
  if (last_index_ >= kIndexMax) return corrupt("the index is out of range");
  std::uint32_t count = 0;
  reader(count);
  for (std::uint32_t i = 0; reader.ok() && i < count; ++i) {
    Session session;
    reader(session);
    if (!is_sane(session.ttl) || !is_sane(session.renewed)) return corrupt("a session's times");
    session.alarm = expiry_of(session);
    deadlines_.add({session.alarm, Deadline::Kind::Session, session.id});
    const std::uint64_t id = session.id;
    if (id == 0 || !sessions_.emplace(id, std::move(session)).second) {
      return corrupt("a session's id");
    }
  }
  reader(count);
  for (std::uint32_t i = 0; reader.ok() && i < count; ++i) {
    auto grant = std::make_unique<Grant>();
    reader(*grant);
    if (!rebuild_grant(std::move(grant))) return corrupt("a grant contradicts another");
  }
  reader(count);
  for (std::uint32_t i = 0; reader.ok() && i < count; ++i) {
    auto waiter = std::make_unique<Waiter>();
    reader(*waiter);
    if (!rebuild_waiter(std::move(waiter))) return corrupt("a waiter contradicts another");
  }
  reader(ended_);
  if (!reader.ok() || !reader.at_end()) return corrupt("it is incomplete, or has bytes left over");
  if (auto broken = broken_invariant()) return corrupt(*broken);
  return {};
}

bool Machine::rebuild_grant(std::unique_ptr<Grant> grant) {
  if (grants_.contains(grant->token) || grant->keys.empty() || !are_distinct(grant->keys)) {
    return false;
  }
  if (!is_sane(grant->granted) || grant->granted > now_) return false;
  if (grant->lease_end != Time::never() && !is_sane(grant->lease_end)) return false;
  if (grant->session != 0 && !sessions_.contains(grant->session)) return false;
  for (const command::KeyMode& held : grant->keys) {
    const auto it = keys_.find(held.key);
    if (it == keys_.end()) continue;
    const Key& key = it->second;
    if (key.exclusive || !held.shared || key.holders.back() >= grant->token) return false;
  }
  hold_keys(*grant);
  deadlines_.add({grant->lease_end, Deadline::Kind::Lease, grant->token});
  if (grant->session != 0) {
    sessions_.at(grant->session).grants.insert(grant->token);
  } else {
    ++anonymous_claims_;
  }
  const std::uint64_t token = grant->token;
  grants_.emplace(token, std::move(grant));
  return true;
}

bool Machine::rebuild_waiter(std::unique_ptr<Waiter> waiter) {
  if (waiters_.contains(waiter->id) || waiter->keys.empty() || !are_distinct(waiter->keys)) {
    return false;
  }
  if (!is_sane(waiter->arrived) || !is_sane(waiter->asked) || !is_sane(waiter->give_up)) {
    return false;
  }
  if (waiter->lease && !is_sane(*waiter->lease)) return false;
  if (waiter->session != 0 && !sessions_.contains(waiter->session)) return false;
  for (const command::KeyMode& wanted : waiter->keys) {
    const auto it = keys_.find(wanted.key);
    if (it == keys_.end() || !it->second.queue) continue;
    if (it->second.queue->all.contains(waiter->place)) return false;
  }
  insert_waiter(std::move(waiter));
  return true;
}

}  // namespace state
