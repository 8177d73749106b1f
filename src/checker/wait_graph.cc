// The wait graph is built anew from all claims for each question, and reduced until nobody more can
// go.
#include "checker/wait_graph.h"

namespace checker {

WaitGraph::WaitGraph(const ModelState& state) : state_(state) {
  for (const auto& [id, waiter] : state.claims.waiting()) {
    if (waiter->agent.empty()) ++unnamed_[waiter->origin.session];
  }
  for (const ModelClaim& claim : state.claims) {
    if (claim.waits() && state.is_shut_out(claim)) continue;
    node_of_.emplace(claim.id, nodes_.size());
    nodes_.push_back({&claim, agent_of(claim), {}, {}});
  }
  stuck_.resize(agents_.size());
  for (Node& node : nodes_) {
    if (!node.claim->waits() || node.agent == kNobody) continue;
    node.in_the_way.resize(agents_.size());
    node.permits.resize(agents_.size());
    for (const auto& wanted : node.claim->keys) {
      if (!waits_for_itself(node, wanted.key)) add_obstacles(node, wanted, node);
    }
    node.in_the_way.reset(node.agent);
    node.permits.reset(node.agent);
    stuck_.set(node.agent);
  }
  let_go();
}

/// Who waits and holds as one. Nobody: who has no session, and who waits for several things without
/// saying as whom.
std::size_t WaitGraph::agent_of(const ModelClaim& claim) {
  const std::uint64_t session = claim.origin.session;
  if (session == 0) return kNobody;
  if (claim.agent.empty() && unnamed_[session] > 1) return kNobody;
  return agents_.emplace(std::pair(session, std::string_view(claim.agent)), agents_.size())
      .first->second;
}

std::vector<const WaitGraph::Node*> WaitGraph::nodes_about(Realm realm,
                                                           std::string_view key) const {
  std::vector<const Node*> nodes;
  for (const ModelClaim* claim : state_.claims.about(realm, key)) {
    const auto it = node_of_.find(claim->id);
    if (it != node_of_.end()) nodes.push_back(&nodes_[it->second]);
  }
  return nodes;
}

/// Its agent has the key to itself: then it is for the agent to end the wait.
bool WaitGraph::waits_for_itself(const Node& waiter, std::string_view key) const {
  if (waiter.claim->realm == Realm::Semaphore || waiter.agent == kNobody) return false;
  const auto there = nodes_about(waiter.claim->realm, key);
  return std::any_of(there.begin(), there.end(), [&](const Node* n) {
    return !n->claim->waits() && n->agent == waiter.agent && !n->claim->on(key)->shared;
  });
}

/// What somebody who does not count waits for, whoever stands behind him waits for as well.
void WaitGraph::add_obstacles(const Node& waiter, const command::KeyMode& wanted,
                              Node& found) const {
  const ModelClaim& claim = *waiter.claim;
  for (const Node* node : nodes_about(claim.realm, wanted.key)) {
    const Node& other = *node;
    const ModelClaim& o = *other.claim;
    if (&o == &claim || o.id == claim.upgrades) continue;
    const command::KeyMode& mode = *o.on(wanted.key);
    if ((wanted.shared && mode.shared) || (o.waits() && claim.place() < o.place())) continue;
    const bool is_permit = !o.waits() && o.realm == Realm::Semaphore;
    if (other.agent != kNobody) (is_permit ? found.permits : found.in_the_way).set(other.agent);
    const bool does_not_count = other.agent == kNobody || waits_for_itself(other, wanted.key);
    if (o.waits() && !mode.shared && does_not_count) add_obstacles(other, mode, found);
  }
}

/// How many permits stay out if all let go who can; its own do not count.
bool WaitGraph::fits(const Node& waiter, std::int64_t permits) const {
  const std::string_view name = waiter.claim->keys.front().key;
  for (const Node* n : nodes_about(Realm::Semaphore, name)) {
    const bool stays = !n->claim->waits() && n->agent != kNobody && n->agent != waiter.agent &&
                       stuck_.test(n->agent);
    if (stays) permits += n->claim->permits;
  }
  return permits <= state_.find_semaphore(name)->limit;
}

bool WaitGraph::may_go(const Node& waiter) const {
  if ((waiter.in_the_way & stuck_).any()) return false;
  if (waiter.claim->realm != Realm::Semaphore) return true;
  return fits(waiter, waiter.claim->permits);
}

void WaitGraph::let_go() {
  for (bool again = true; again;) {
    again = false;
    for (std::size_t agent = 0; agent < agents_.size(); ++agent) {
      if (!stuck_.test(agent)) continue;
      const bool may = std::all_of(nodes_.begin(), nodes_.end(), [&](const Node& n) {
        return n.agent != agent || !n.claim->waits() || may_go(n);
      });
      if (!may) continue;
      stuck_.reset(agent);
      again = true;
    }
  }
}

bool WaitGraph::is_victim(const ModelClaim& victim) const {
  const auto rank = [](const ModelClaim& c) {
    return std::pair(int{c.priority}, -static_cast<std::int64_t>(c.id));
  };
  const auto node = std::find_if(nodes_.begin(), nodes_.end(),
                                 [&](const Node& n) { return n.claim->id == victim.id; });
  if (node == nodes_.end() || node->agent == kNobody || !stuck_.test(node->agent)) return false;
  Agents reached = (node->in_the_way | node->permits) & stuck_;
  for (Agents before(reached.size()); before != reached;) {
    before = reached;
    for (const Node& n : nodes_) {
      const bool goes_on = n.claim->waits() && n.agent != kNobody && reached.test(n.agent) &&
                           rank(*n.claim) >= rank(victim);
      if (goes_on) reached |= (n.in_the_way | n.permits) & stuck_;
    }
  }
  return reached.test(node->agent);
}

}  // namespace checker
