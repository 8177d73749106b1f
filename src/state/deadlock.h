// The search for waits that can never end.
//
// Agents wait for agents: a waiter waits for the holders that conflict with it
// and for the earlier waiters that do. Since all queues have one order, a cycle
// needs at least one hold, and a new cycle goes through the agent that has just
// begun to wait or to hold. So the search starts from that agent: forward along
// what it waits for, and backward along what waits for it, with equal effort, and
// whichever comes to its end first decides. A queue is walked from one waiter to
// the next that conflicts, not from each to all before it; so the effort is
// proportional to the edges walked, however many wait.
//
// Who asks without a session is nobody, and so is a session that waits for several
// things at once without naming agents: there is no telling which of its holds
// would be given back while it waits. Naming an AGENT for each thread tells it.
//
// Who has joined a task, or waits for its result, waits for those who run it or
// what it comes after; for events, barriers and latches nobody in particular is
// needed.
//
// A permit holder is not needed by itself: another's release may be enough. A
// cycle through one counts only if nobody in reach can ever be granted, which is
// found by letting all go who do not wait, and then those who wait for them only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/model.h"

namespace state {

/// Who waits and holds as one, within a session. The name's bytes live in the claims.
struct Agent {
  std::uint64_t session = 0;  ///< 0: nobody; without a session there is no telling who is who
  std::string_view name;      ///< empty: all claims of the session that name no agent

  bool operator==(const Agent&) const = default;
  template <class H>
  friend H AbslHashValue(H h, const Agent& agent) {
    return H::combine(std::move(h), agent.session, agent.name);
  }
};

inline Agent agent_of(const Claim& claim) { return {claim.session, claim.agent}; }

/// `waiter` of `from` cannot have `key` before `blocker` of `to` has left it.
struct WaitEdge {
  Agent from;
  const Waiter* waiter = nullptr;
  std::string_view key;
  Agent to;
  const Grant* holder = nullptr;    ///< the blocker, if it holds
  const Waiter* earlier = nullptr;  ///< the blocker, if it waits before
};

using Cycle = std::vector<WaitEdge>;

}  // namespace state
