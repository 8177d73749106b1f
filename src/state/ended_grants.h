// Why the last grants ended, so that a late release or renewal is told the
// cause. Only the newest are remembered; an older token is "unknown".
#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>

namespace state {

enum class EndCause : std::uint8_t {
  Released,       ///< by RELEASE
  SessionClosed,  ///< by SESSION.CLOSE: clean as well
  LeaseExpired,
  SessionExpired,
  Preempted,
  Revoked,          ///< by LOCK.REVOKE
  RevokedResolved,  ///< by LOCK.REVOKE … RESOLVED: what the holder did is known
  Upgraded,         ///< the hold goes on under another token
  Disconnected,     ///< with the last connection of a session that was to end so
  Last = Disconnected,
};

/// Whether what the holder was doing is unknown, so that its ONLOSS applies.
constexpr bool is_unclean(EndCause cause) {
  return cause == EndCause::LeaseExpired || cause == EndCause::SessionExpired ||
         cause == EndCause::Preempted || cause == EndCause::Revoked ||
         cause == EndCause::Disconnected;
}

/// The cause as STALE names it.
constexpr std::string_view cause_name(EndCause cause) {
  switch (cause) {
    case EndCause::Released:
    case EndCause::SessionClosed: return "released";
    case EndCause::LeaseExpired:
    case EndCause::SessionExpired: return "expired";
    case EndCause::Preempted: return "preempted";
    case EndCause::Revoked:
    case EndCause::RevokedResolved: return "revoked";
    case EndCause::Upgraded: return "upgraded";
    case EndCause::Disconnected: return "disconnected";
  }
  return "unknown";
}

class EndedGrants {
 public:
  void remember(std::uint64_t token, EndCause cause, std::size_t limit) {
    causes_.emplace(token, cause);
    order_.push_back(token);
    while (order_.size() > limit) {
      causes_.erase(order_.front());
      order_.pop_front();
    }
  }

  std::optional<EndCause> find(std::uint64_t token) const {
    const auto it = causes_.find(token);
    if (it == causes_.end()) return std::nullopt;
    return it->second;
  }

  std::size_t size() const { return order_.size(); }
  const std::deque<std::uint64_t>& all() const { return order_; }

  template <class Archive>
  friend void fields(Archive& archive, EndedGrants& ended) {
    auto count = static_cast<std::uint32_t>(ended.order_.size());
    archive(count);
    if constexpr (requires { archive.ok(); }) {
      ended = {};
      for (std::uint32_t i = 0; archive.ok() && i < count; ++i) {
        std::uint64_t token = 0;
        EndCause cause{};
        archive(token, cause);
        if (cause > EndCause::Last || ended.causes_.contains(token)) return archive.fail();
        ended.remember(token, cause, count);
      }
    } else {
      for (std::uint64_t token : ended.order_) archive(token, ended.causes_.at(token));
    }
  }

 private:
  // Most end soon after they were given, so that the few nodes in use lie close together; a hash
  // table of so many would be a miss of the cache each time.
  absl::btree_map<std::uint64_t, EndCause> causes_;
  std::deque<std::uint64_t> order_;
};

}  // namespace state
