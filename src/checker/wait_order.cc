// A search in depth; whoever is met while his own turn is open stands in a circle.
#include "checker/wait_order.h"

namespace checker {

namespace {

/// A longer chain is left to the graph.
constexpr int kDepthMax = 500;

}  // namespace

WaitOrder::WaitOrder(const ModelState& state) : state_(state) {
  absl::flat_hash_map<std::uint64_t, int> unnamed;  // waits without an agent, by session
  for (const auto& [id, waiter] : state.claims.waiting()) {
    if (waiter->agent.empty()) ++unnamed[waiter->origin.session];
  }
  for (const auto& [id, waiter] : state.claims.waiting()) {
    const ModelClaim& claim = *waiter;
    if (state.is_shut_out(claim)) continue;
    const std::uint64_t session = claim.origin.session;
    const bool is_lonely = session == 0 || (claim.agent.empty() && unnamed[session] > 1);
    std::size_t agent = agents_.size();
    if (is_lonely) {
      lonely_.emplace(claim.id, agent);
    } else {
      agent =
          named_.emplace(std::pair(session, std::string_view(claim.agent)), agent).first->second;
    }
    if (agent == agents_.size()) agents_.emplace_back();
    agents_[agent].waits.push_back(&claim);
  }
}

/// Null: it waits for nothing.
WaitOrder::Agent* WaitOrder::agent_of(const ModelClaim& claim) {
  if (const auto it = lonely_.find(claim.id); it != lonely_.end()) return &agents_[it->second];
  const auto it = named_.find(std::pair(claim.origin.session, std::string_view(claim.agent)));
  return it == named_.end() ? nullptr : &agents_[it->second];
}

bool WaitOrder::exists() {
  for (Agent& agent : agents_) {
    if (!place(agent)) return false;
  }
  return true;
}

bool WaitOrder::place(Agent& agent) {
  if (agent.mark == Mark::Placed) return true;
  if (agent.mark == Mark::Open || depth_ == kDepthMax) return false;
  agent.mark = Mark::Open;
  ++depth_;
  for (const ModelClaim* waiter : agent.waits) {
    for (const command::KeyMode& wanted : waiter->keys) {
      if (!place_those_before(agent, *waiter, wanted)) return false;
    }
  }
  --depth_;
  agent.mark = Mark::Placed;
  return true;
}

/// Of those that wait the last that wants the key alone, who waits for all before him, and those
/// behind him.
bool WaitOrder::place_those_before(const Agent& agent, const ModelClaim& waiter,
                                   const command::KeyMode& wanted) {
  const auto& there = state_.claims.about(waiter.realm, wanted.key);
  const auto is_before = [&](const ModelClaim& other) {
    return other.waits() && other.place() < waiter.place() && !state_.is_shut_out(other);
  };
  const ModelClaim* last = nullptr;
  for (const ModelClaim* other : there) {
    const bool is_later = last == nullptr || last->place() < other->place();
    if (is_later && is_before(*other) && !other->on(wanted.key)->shared) last = other;
  }
  for (const ModelClaim* other : there) {
    if (other->id == waiter.id || other->id == waiter.upgrades) continue;
    if (wanted.shared && other->on(wanted.key)->shared) continue;
    if (other->waits() && !is_before(*other)) continue;
    if (other->waits() && last != nullptr && other->place() < last->place()) continue;
    Agent* before = agent_of(*other);
    if (before != nullptr && before != &agent && !place(*before)) return false;
  }
  return true;
}

}  // namespace checker
