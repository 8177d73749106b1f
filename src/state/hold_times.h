// How long the holds of contended keys last, from which a wait can be foreseen.
//
// Only holds that somebody waited for are counted, so an uncontended key costs
// nothing, and only the keys counted last are remembered. The mean is a moving
// one: each new hold weighs an eighth.
#pragma once

#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "state/sane.h"

namespace state {

class HoldTimes {
 public:
  /// `stamp` must be at least that of the record before; keys beyond `limit` are forgotten.
  void record(const std::string& key, base::Duration held, std::uint64_t stamp, std::size_t limit) {
    const auto [it, is_new] = by_key_.try_emplace(key);
    Entry& entry = it->second;
    if (is_new) {
      entry.mean = held;
    } else {
      entry.mean = entry.mean + (held - entry.mean) / kWeight;
      by_age_.erase({entry.stamp, key});
    }
    entry.stamp = stamp;
    by_age_.insert({stamp, key});
    while (by_age_.size() > limit) {
      by_key_.erase(by_age_.begin()->second);
      by_age_.erase(by_age_.begin());
    }
  }

  std::optional<base::Duration> mean(const std::string& key) const {
    const auto it = by_key_.find(key);
    if (it == by_key_.end()) return std::nullopt;
    return it->second.mean;
  }

  std::size_t size() const { return by_key_.size(); }

  template <class Archive>
  friend void fields(Archive& archive, HoldTimes& times) {
    auto count = static_cast<std::uint32_t>(times.by_age_.size());
    archive(count);
    if constexpr (requires { archive.ok(); }) {
      times = {};
      for (std::uint32_t i = 0; archive.ok() && i < count; ++i) {
        std::string key;
        Entry entry;
        archive(key, entry.mean, entry.stamp);
        if (!is_sane(entry.mean) || times.by_key_.contains(key)) return archive.fail();
        times.by_age_.insert({entry.stamp, key});
        times.by_key_.emplace(std::move(key), entry);
      }
    } else {
      for (const auto& [stamp, key] : times.by_age_) {
        archive(key, times.by_key_.at(key).mean, stamp);
      }
    }
  }

 private:
  static constexpr std::int64_t kWeight = 8;
  struct Entry {
    base::Duration mean;
    std::uint64_t stamp = 0;
  };
  absl::flat_hash_map<std::string, Entry> by_key_;  // looked up, never iterated
  absl::btree_set<std::pair<std::uint64_t, std::string>> by_age_;
};

}  // namespace state
