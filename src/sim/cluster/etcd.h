// An etcd that is made up: keys with their revisions, transactions, leases and
// watches. What it is told takes effect at once; that it is told late, twice removed
// from the answer or not at all is the network's doing (network.h).
#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "journal/etcd/client.h"

namespace sim {

class Etcd {
 public:
  template <class T>
  using Answer = journal::etcd::Answer<T>;

  Answer<journal::etcd::Committed> commit(const journal::etcd::Transaction& transaction);
  Answer<journal::etcd::Found> range(const journal::etcd::Range& range) const;
  Answer<void> compact(std::int64_t revision);
  std::int64_t revision() const { return revision_; }
  std::int64_t compacted() const { return compacted_; }
  std::uint64_t bytes() const;

  /// The id. Its keys go when it does.
  std::int64_t grant(base::Time now, base::Duration ttl);
  /// How long it lives from now on; 0: it is gone.
  base::Duration keep_alive(std::int64_t lease, base::Time now);
  void revoke(std::int64_t lease);
  void expire(base::Time now);
  /// The lease of this key, 0 if it has none.
  std::int64_t lease_of(const std::string& key) const;

  /// All changes of the keys in [key, end) with a revision of at least `from`.
  std::vector<journal::etcd::Change> changes(const std::string& key, const std::string& end,
                                             std::int64_t from) const;

 private:
  struct Version {
    std::int64_t revision = 0;
    std::int64_t created = 0;  ///< 0: it is the end of the key
    std::string value;
    std::int64_t lease = 0;
  };
  struct Lease {
    base::Duration ttl;
    base::Time until;
  };
  using Versions = std::vector<Version>;

  const Version* latest(const std::string& key) const;
  bool holds(const journal::etcd::Condition& condition) const;
  void put(const journal::etcd::Put& put, std::int64_t revision);
  bool erase(const std::string& key, const std::string& end, std::int64_t revision);

  std::int64_t revision_ = 1;
  std::int64_t compacted_ = 0;
  absl::btree_map<std::string, Versions> keys_;
  std::map<std::int64_t, Lease> leases_;
  std::int64_t last_lease_ = 0;
  std::vector<journal::etcd::Change> changes_;  ///< by rising revision
};

}  // namespace sim
