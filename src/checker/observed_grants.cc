// Gathering grants: one pass over the answers.
#include "checker/observed_grants.h"

#include <algorithm>

namespace checker {

using command::Command;

namespace {

std::int64_t integer_in(const resp::Value& reply) { return reply.as_integer().value_or(-1); }

bool is_answer(const Operation& operation) {
  return operation.is_answered() && !operation.reply->is_error();
}

bool is_unknown_whether_applied(const Operation& operation) {
  return !operation.is_answered() || operation.reply->error_code() == "UNAVAILABLE";
}

}  // namespace

Grants::Grants(const Reading& reading) : reading_(reading) {
  // Grants first: an answer about a token may stand before the answer that told it.
  for (const bool is_about_tokens : {false, true}) {
    for (Place i = 0; i < reading.history.size(); ++i) {
      if (reading.words[i] == 0) continue;
      const bool needs_grants = !(reading.kind[i] == command::LockAcquire::kKind ||
                                  reading.kind[i] == command::SemAcquire::kKind ||
                                  reading.kind[i] == command::ElectionCampaign::kKind ||
                                  reading.kind[i] == command::LockUpgrade::kKind ||
                                  reading.kind[i] == command::TaskJoin::kKind ||
                                  reading.kind[i] == command::TaskTake::kKind);
      if (needs_grants == is_about_tokens) read(i, *reading.command_of(i));
    }
  }
}

/// Who may be told the same token again.
std::string Grants::owner_of(Place place) const {
  const auto asked = reading_.command_of(place);
  if (const auto* upgrade = std::get_if<command::LockUpgrade>(&*asked)) {
    const auto before = by_token_.find(upgrade->token);
    if (before == by_token_.end() || holds[before->second].granted == place) return {};
    return owner_of(holds[before->second].granted);
  }
  const auto* acquire = std::get_if<command::LockAcquire>(&*asked);
  return acquire == nullptr ? std::string() : acquire->owner.str();
}

void Grants::grant(Place place, std::vector<std::pair<Spot, bool>> spots, std::int64_t permits) {
  const Operation& operation = reading_.history[place];
  if (!is_answer(operation)) return;
  const std::uint64_t token = token_in(*operation.reply);
  if (token == 0) return;
  const auto [it, is_new] = by_token_.emplace(token, holds.size());
  if (is_new) {
    holds.push_back(
        {token, place, std::move(spots), permits, !owner_of(place).empty(), token, place, {}});
    return;
  }
  Hold& hold = holds[it->second];
  const Operation& before = reading_.history[hold.granted];
  const bool is_same_request = reading_.first[place] == reading_.first[hold.granted];
  const bool enters_again = operation.session == before.session && operation.session != 0 &&
                            !owner_of(place).empty() && owner_of(place) == owner_of(hold.granted);
  // A hold that is exclusive already is upgraded by saying so.
  const auto asked = reading_.command_of(place);
  const auto* upgrade = std::get_if<command::LockUpgrade>(&*asked);
  const bool is_upgraded = upgrade != nullptr && upgrade->token == token;
  if (!is_same_request && !enters_again && !is_upgraded) told_twice.emplace_back(it->second, place);
  if (operation.invoked < before.invoked) hold.granted = place;
  live(place, token, false);
}

/// The hold was there when the operation was applied, or just before it.
void Grants::live(Place place, std::uint64_t token, bool is_after) {
  const auto it = by_token_.find(token);
  const std::uint64_t index = reading_.history[place].index;
  if (it == by_token_.end() || index == 0) return;
  Hold& hold = holds[it->second];
  std::uint64_t alive = is_after ? reading_.before(index) : index;
  if (reading_.has_repeats[place]) alive = reading_.effect_after(place);
  if (alive <= hold.alive) return;
  hold.alive = alive;
  hold.seen_alive = place;
}

void Grants::compete(Place place, const Spot& spot, std::uint8_t priority) {
  const Operation& operation = reading_.history[place];
  Candidate candidate{place, priority, 0, reading_.floor[reading_.first[place]], {}};
  candidate.arrived_until =
      operation.queued_index == 0 ? ~std::uint64_t{0} : operation.queued_index;
  if (operation.queued_index != 0 && !reading_.has_repeats[place]) {
    candidate.arrived_after = std::max(candidate.arrived_after, operation.queued_index - 1);
  }
  if (is_answer(operation)) candidate.token = token_in(*operation.reply);
  candidates[spot].push_back(candidate);
}

void Grants::read(Place place, const Command& asked) {
  const Operation& operation = reading_.history[place];
  const auto number = is_answer(operation) ? integer_in(*operation.reply) : -1;
  const auto told = is_answer(operation) ? token_in(*operation.reply) : 0;
  if (const auto* c = std::get_if<command::LockAcquire>(&asked)) {
    std::vector<std::pair<Spot, bool>> spots;
    for (const auto& key : c->keys) spots.push_back({{Ground::Lock, key.key.str()}, key.shared});
    const bool is_plain = c->keys.size() == 1 && !c->keys.front().shared && c->owner.empty();
    if (is_plain) compete(place, spots.front().first, c->priority);
    grant(place, std::move(spots), 1);
  } else if (const auto* up = std::get_if<command::LockUpgrade>(&asked)) {
    grant(place, {{{Ground::Lock, up->key}, false}}, 1);
  } else if (const auto* permits = std::get_if<command::SemAcquire>(&asked)) {
    auto& limit = greatest_limit[permits->key];
    limit = std::max(limit, permits->limit);
    compete(place, {Ground::Semaphore, permits->key}, permits->priority);
    grant(place, {{{Ground::Semaphore, permits->key}, true}}, permits->permits);
  } else if (const auto* campaign = std::get_if<command::ElectionCampaign>(&asked)) {
    compete(place, {Ground::Election, campaign->name}, campaign->priority);
    grant(place, {{{Ground::Election, campaign->name}, false}}, 1);
  } else if (std::holds_alternative<command::TaskJoin>(asked) ||
             std::holds_alternative<command::TaskTake>(asked)) {
    if (told == 0) return;
    const auto* flow = operation.reply->find("flow");
    const auto* task = operation.reply->find("task");
    if (flow == nullptr || task == nullptr) return;
    grant(place, {{{Ground::Task, flow->text + '\0' + task->text}, false}}, 1);
  } else if (const auto* resize = std::get_if<command::SemResize>(&asked)) {
    auto& limit = greatest_limit[resize->key];
    limit = std::max(limit, resize->limit);
  } else if (const auto* release = std::get_if<command::LockRelease>(&asked)) {
    if (number == 1) live(place, release->token, true);
  } else if (const auto* give = std::get_if<command::SemRelease>(&asked)) {
    if (number == 1) live(place, give->token, true);
  } else if (const auto* resign = std::get_if<command::ElectionResign>(&asked)) {
    if (number == 1) live(place, resign->token, true);
  } else if (const auto* check = std::get_if<command::LockCheck>(&asked)) {
    if (number == 1) live(place, check->token, false);
  } else if (std::holds_alternative<command::LockRenew>(asked) ||
             std::holds_alternative<command::SemRenew>(asked) ||
             std::holds_alternative<command::TaskExtend>(asked)) {
    if (told != 0) live(place, told, false);
  } else if (const auto* down = std::get_if<command::LockDowngrade>(&asked)) {
    const auto it = by_token_.find(down->token);
    const bool is_unknown = is_unknown_whether_applied(operation);
    if (it == by_token_.end() || (told == 0 && !is_unknown)) return;
    const std::uint64_t until =
        is_unknown ? reading_.floor[reading_.first[place]] : reading_.effect_after(place);
    auto [cap, is_new] = holds[it->second].exclusive_until.emplace(down->key, until);
    cap->second = std::min(cap->second, until);
    if (!is_unknown) live(place, down->token, false);
  }
}

}  // namespace checker
