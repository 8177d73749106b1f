// Revisions, and who owns what.
#include "sim/cluster/etcd.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sim {

namespace etcd = journal::etcd;
using etcd::Trouble;

namespace {

std::unexpected<etcd::Failure> failure(Trouble trouble, const char* message) {
  return std::unexpected(etcd::Failure{trouble, message});
}

}  // namespace

const Etcd::Version* Etcd::latest(const std::string& key) const {
  const auto found = keys_.find(key);
  if (found == keys_.end() || found->second.back().created == 0) return nullptr;
  return &found->second.back();
}

bool Etcd::holds(const etcd::Condition& condition) const {
  if (const auto* created = std::get_if<etcd::CreatedAt>(&condition)) {
    const Version* version = latest(created->key);
    return (version == nullptr ? 0 : version->created) == created->revision;
  }
  return latest(std::get<etcd::Exists>(condition).key) != nullptr;
}

void Etcd::put(const etcd::Put& put, std::int64_t revision) {
  const Version* before = latest(put.key);
  const std::int64_t created = before == nullptr ? revision : before->created;
  keys_[put.key].push_back({revision, created, put.value, put.lease});
  changes_.push_back({false, {put.key, put.value, created, revision}});
}

bool Etcd::erase(const std::string& key, const std::string& end, std::int64_t revision) {
  bool is_any = false;
  auto last = end.empty() ? keys_.upper_bound(key) : keys_.lower_bound(end);
  for (auto item = keys_.lower_bound(key); item != last; ++item) {
    if (item->second.back().created == 0) continue;
    item->second.push_back({revision, 0, {}, 0});
    changes_.push_back({true, {item->first, {}, 0, revision}});
    is_any = true;
  }
  return is_any;
}

etcd::Answer<etcd::Committed> Etcd::commit(const etcd::Transaction& transaction) {
  const bool succeeds =
      std::ranges::all_of(transaction.when, [this](const auto& when) { return holds(when); });
  const auto& operations = succeeds ? transaction.then : transaction.otherwise;
  for (const etcd::Operation& operation : operations) {
    const auto* put = std::get_if<etcd::Put>(&operation);
    if (put != nullptr && put->lease != 0 && !leases_.contains(put->lease)) {
      return failure(Trouble::NoLease, "requested lease not found");
    }
  }
  const std::int64_t next = revision_ + 1;
  etcd::Committed committed{.succeeded = succeeds, .revision = 0, .found = {}};
  for (const etcd::Operation& operation : operations) {
    if (const auto* write = std::get_if<etcd::Put>(&operation)) {
      put(*write, next);
      revision_ = next;
    } else if (const auto* get = std::get_if<etcd::Get>(&operation)) {
      if (const Version* version = latest(get->key)) {
        committed.found.push_back({get->key, version->value, version->created, version->revision});
      }
    } else {
      const auto& removal = std::get<etcd::Delete>(operation);
      if (erase(removal.key, removal.end, next)) revision_ = next;
    }
  }
  committed.revision = revision_;
  return committed;
}

etcd::Answer<etcd::Found> Etcd::range(const etcd::Range& range) const {
  if (range.revision > revision_) return failure(Trouble::Future, "required revision is a future");
  if (range.revision != 0 && range.revision < compacted_) {
    return failure(Trouble::Compacted, "required revision has been compacted");
  }
  const std::int64_t as_of = range.revision == 0 ? revision_ : range.revision;
  etcd::Found found{.revision = revision_, .cluster_id = 1, .has_more = false, .items = {}};
  const auto last = range.end.empty() ? keys_.upper_bound(range.key) : keys_.lower_bound(range.end);
  for (auto item = keys_.lower_bound(range.key); item != last; ++item) {
    const auto after =
        std::upper_bound(item->second.begin(), item->second.end(), as_of,
                         [](std::int64_t at, const Version& v) { return at < v.revision; });
    if (after == item->second.begin() || std::prev(after)->created == 0) continue;
    if (range.limit != 0 && static_cast<std::int64_t>(found.items.size()) == range.limit) {
      found.has_more = true;
      break;
    }
    const Version& version = *std::prev(after);
    found.items.push_back({item->first, range.keys_only ? std::string() : version.value,
                           version.created, version.revision});
  }
  return found;
}

etcd::Answer<void> Etcd::compact(std::int64_t revision) {
  if (revision > revision_) return failure(Trouble::Future, "required revision is a future");
  if (revision <= compacted_) return failure(Trouble::Compacted, "it has been compacted");
  compacted_ = revision;
  // Versions that nobody can ask for any more, and keys of which nothing else is left.
  for (auto item = keys_.begin(); item != keys_.end();) {
    Versions& versions = item->second;
    const auto kept =
        std::upper_bound(versions.begin(), versions.end(), revision,
                         [](std::int64_t at, const Version& v) { return at < v.revision; });
    if (kept != versions.begin()) versions.erase(versions.begin(), std::prev(kept));
    const bool is_gone = versions.size() == 1 && versions.front().created == 0 &&
                         versions.front().revision <= revision;
    item = is_gone ? keys_.erase(item) : std::next(item);
  }
  return {};
}

std::uint64_t Etcd::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [key, versions] : keys_) {
    for (const Version& version : versions) sum += key.size() + version.value.size();
  }
  return sum;
}

// --- leases

std::int64_t Etcd::grant(base::Time now, base::Duration ttl) {
  leases_[++last_lease_] = {ttl, now + ttl};
  return last_lease_;
}

base::Duration Etcd::keep_alive(std::int64_t lease, base::Time now) {
  const auto found = leases_.find(lease);
  if (found == leases_.end()) return {};
  found->second.until = now + found->second.ttl;
  return found->second.ttl;
}

void Etcd::revoke(std::int64_t lease) {
  if (leases_.erase(lease) == 0) return;
  std::vector<std::string> its_keys;
  for (const auto& [key, versions] : keys_) {
    if (versions.back().created != 0 && versions.back().lease == lease) its_keys.push_back(key);
  }
  if (its_keys.empty()) return;
  ++revision_;
  for (const std::string& key : its_keys) erase(key, {}, revision_);
}

void Etcd::expire(base::Time now) {
  std::vector<std::int64_t> due;
  for (const auto& [id, lease] : leases_) {
    if (lease.until <= now) due.push_back(id);
  }
  for (const std::int64_t id : due) revoke(id);
}

std::int64_t Etcd::lease_of(const std::string& key) const {
  const Version* version = latest(key);
  return version == nullptr ? 0 : version->lease;
}

std::vector<etcd::Change> Etcd::changes(const std::string& key, const std::string& end,
                                        std::int64_t from) const {
  const auto first = std::lower_bound(
      changes_.begin(), changes_.end(), from,
      [](const etcd::Change& change, std::int64_t at) { return change.item.mod_revision < at; });
  std::vector<etcd::Change> found;
  std::copy_if(first, changes_.end(), std::back_inserter(found), [&](const etcd::Change& change) {
    return change.item.key >= key && change.item.key < end;
  });
  return found;
}

}  // namespace sim
