// Who wants to know who leads: the listeners of each election that is observed, and
// what each was told last, so that a new connection brings no news twice.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/session/listener.h"
#include "turnstile/election.h"
#include "turnstile/reply.h"

namespace turnstile::client {

/// The answer to ELECTION.LEADER, and the content of a notice of the kind "leader".
Leader to_leader(const Reply& map);

/// Thread-safe.
class Observers {
 public:
  using LeaderListener = std::shared_ptr<Listener<Leader>>;

  void add(const std::string& election, LeaderListener listener);
  /// True if it was the last one of the election.
  bool remove(const std::string& election, const LeaderListener& listener);

  /// Passes it to those who were not told the same before.
  void tell(std::string_view election, const Leader& leader);

  bool has(const std::string& election) const;
  std::vector<std::string> elections() const;

 private:
  struct Observer {
    LeaderListener listener;
    std::optional<Leader> told;
  };

  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Observer>, std::less<>> by_election_;
};

}  // namespace turnstile::client
