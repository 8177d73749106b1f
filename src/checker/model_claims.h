// The claims of the naive model, and where to look for them.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/hash/hash.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "command/entry.h"

namespace checker {

/// What a name is the name of.
enum class Realm : std::uint8_t { Lock, Semaphore, Election };

/// A request for keys, while it waits and while it holds. Times are in microseconds.
struct ModelClaim {
  std::uint64_t id = 0;     ///< index of its entry
  std::uint64_t token = 0;  ///< 0 while it waits
  Realm realm = Realm::Lock;
  command::KeyModes keys;
  command::Origin origin;
  std::uint64_t request = 0;
  base::Text ticket;
  std::uint8_t priority = 0;
  base::Text owner;
  base::Text agent;
  command::OnLoss on_loss;
  std::int64_t permits = 1;
  base::Text value;
  std::optional<std::int64_t> lease;

  // While it waits.
  std::int64_t virtual_arrival = 0;
  std::int64_t asked = 0;  ///< when it was asked for last
  std::int64_t give_up = 0;
  std::uint64_t upgrades = 0;  ///< id of the claim of whose hold it wants more
  std::optional<std::int64_t> grace;
  std::optional<std::int64_t> cut_off;
  std::set<std::uint64_t> told;  ///< ids of those that were asked to leave

  // While it holds.
  std::optional<std::int64_t> lease_end;
  std::int64_t entries = 1;

  bool waits() const { return token == 0; }
  bool may_shut() const { return on_loss.kind != command::OnLoss::Kind::Free; }
  /// Null if it is not about the key.
  const command::KeyMode* on(std::string_view key) const {
    for (const auto& k : keys) {
      if (k.key == key) return &k;
    }
    return nullptr;
  }
  bool is_about(Realm r, std::string_view key) const { return realm == r && on(key) != nullptr; }
  /// Virtual arrival, then index.
  std::pair<std::int64_t, std::uint64_t> place() const { return {virtual_arrival, id}; }
};

/// For names that are looked up however they are kept.
struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const {
    return absl::Hash<std::string_view>()(name);
  }
};

/// All claims by rising id, and of these who waits, who has to do with a name and who belongs to a
/// session, so that a search need not look at all. Realm, names and session of a claim never
/// change.
class ModelClaims {
 public:
  using List = std::list<ModelClaim>;
  using Some = std::vector<ModelClaim*>;

  List::iterator begin() { return all_.begin(); }
  List::iterator end() { return all_.end(); }
  List::const_iterator begin() const { return all_.begin(); }
  List::const_iterator end() const { return all_.end(); }
  std::size_t size() const { return all_.size(); }
  /// By rising id.
  const std::map<std::uint64_t, ModelClaim*>& waiting() const { return waiting_; }

  /// One that waits, as all do at first.
  ModelClaim& add(ModelClaim claim) {
    CHECK(all_.empty() || all_.back().id < claim.id);
    ModelClaim& added = all_.emplace_back(std::move(claim));
    by_id_.emplace(added.id, std::prev(all_.end()));
    for (const auto& k : added.keys) names_of(added.realm)[k.key].push_back(&added);
    by_session_[added.origin.session].push_back(&added);
    waiting_.emplace(added.id, &added);
    return added;
  }
  /// It waits no more.
  void give(ModelClaim& claim, std::uint64_t token) {
    claim.token = token;
    waiting_.erase(claim.id);
  }

  void remove(std::uint64_t id) {
    const auto it = by_id_.find(id);
    if (it == by_id_.end()) return;
    const ModelClaim& claim = *it->second;
    for (const auto& k : claim.keys) forget(names_of(claim.realm), k.key, claim);
    forget(by_session_, claim.origin.session, claim);
    waiting_.erase(id);
    all_.erase(it->second);
    by_id_.erase(it);
  }

  ModelClaim* find(std::uint64_t id) {
    const auto it = by_id_.find(id);
    return it == by_id_.end() ? nullptr : &*it->second;
  }
  const Some& about(Realm realm, std::string_view name) const {
    return found(names_[static_cast<std::size_t>(realm)], name);
  }
  const Some& of_session(std::uint64_t session) const { return found(by_session_, session); }

 private:
  using Names = absl::flat_hash_map<base::Text, Some, NameHash, std::equal_to<>>;

  Names& names_of(Realm realm) { return names_[static_cast<std::size_t>(realm)]; }
  template <class Map, class Name>
  static const Some& found(const Map& map, const Name& name) {
    static const Some kNone;
    const auto it = map.find(name);
    return it == map.end() ? kNone : it->second;
  }
  template <class Map, class Name>
  static void forget(Map& map, const Name& name, const ModelClaim& claim) {
    const auto it = map.find(name);
    std::erase(it->second, &claim);
    if (it->second.empty()) map.erase(it);
  }

  List all_;
  absl::flat_hash_map<std::uint64_t, List::iterator> by_id_;
  std::map<std::uint64_t, ModelClaim*> waiting_;
  std::array<Names, 3> names_;
  absl::flat_hash_map<std::uint64_t, Some> by_session_;
};

}  // namespace checker
