// All sessions, by id.
//
// An entry asks for its own session again and again: whether it lives, to list a
// grant, to tell what is left of its time. The one that was found last is found at
// once.
#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "base/check.h"
#include "state/model.h"

namespace state {

/// Used by one thread at a time, reading included. A session stays where it is until it is erased.
class Sessions {
 public:
  /// Null if there is none.
  Session* find(std::uint64_t id) { return const_cast<Session*>(std::as_const(*this).find(id)); }
  const Session* find(std::uint64_t id) const {
    if (last_ != nullptr && last_->id == id) return last_;
    const auto it = by_id_.find(id);
    if (it == by_id_.end()) return nullptr;
    return last_ = it->second.get();
  }
  bool contains(std::uint64_t id) const { return find(id) != nullptr; }

  /// There is one.
  Session& at(std::uint64_t id) { return const_cast<Session&>(std::as_const(*this).at(id)); }
  const Session& at(std::uint64_t id) const {
    const Session* const session = find(id);
    CHECK(session != nullptr);
    return *session;
  }

  /// False, and nothing is changed, if one of its id is there.
  bool insert(Session session) {
    const std::uint64_t id = session.id;
    return by_id_.try_emplace(id, std::make_unique<Session>(std::move(session))).second;
  }
  void erase(std::uint64_t id) {
    last_ = nullptr;
    by_id_.erase(id);
  }

  std::size_t size() const { return by_id_.size(); }
  bool empty() const { return by_id_.empty(); }

  // By rising id: pairs of an id and a pointer to its session.
  auto begin() const { return by_id_.begin(); }
  auto end() const { return by_id_.end(); }
  /// The first whose id is greater.
  auto upper_bound(std::uint64_t id) const { return by_id_.upper_bound(id); }

 private:
  absl::btree_map<std::uint64_t, std::unique_ptr<Session>> by_id_;
  mutable const Session* last_ = nullptr;  ///< null: none was found, or it may be gone
};

}  // namespace state
