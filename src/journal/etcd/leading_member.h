// Which member of etcd leads. A write that is sent to another one is handed on
// to it, which costs a hop there and one back.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "journal/etcd/client.h"

namespace journal::etcd {

class LeadingMember {
 public:
  /// Asks one member, another each time, who it is and who leads. For one thread.
  void look(Client& client);
  /// Its place in Access::members, once that is known. It may lead no longer. Thread-safe.
  std::optional<std::size_t> place() const;

 private:
  static constexpr std::size_t kUnknown = SIZE_MAX;

  std::vector<std::uint64_t> ids_;  ///< by place; 0: not known yet
  std::size_t next_ = 0;            ///< to ask
  std::uint64_t term_ = 0;          ///< the newest that was heard of
  std::atomic<std::size_t> place_ = kUnknown;
};

}  // namespace journal::etcd
