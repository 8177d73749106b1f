// Holders that are asked to leave, that are lost, and what they leave behind.
#include "checker/lock_model.h"

namespace checker {

using command::Number;

/// Only what programs read: people are told more.
void LockModel::notice(const ModelClaim& holder, const char* kind, Value::Map details) {
  Value::List names;
  for (const auto& k : holder.keys) names.emplace_back(k.key);
  details.insert(details.begin(), {{"token", holder.token}, {"keys", std::move(names)}});
  events_.push_back(
      command::Notice{holder.origin.session, holder.origin.connection, kind, std::move(details)});
}

// --- preemption

/// L9: acts while nothing is before it and everybody in its way has a lower priority. Whoever comes
/// into its way later has his whole grace as well: it begins anew.
void LockModel::review_preemptions() {
  for (const auto& [id, claim] : claims.waiting()) {
    ModelClaim& waiter = *claim;
    if (!waiter.cut_off) continue;
    const auto holders = holders_in_the_way(waiter);
    const bool all_told = std::all_of(holders.begin(), holders.end(), [&](const ModelClaim* h) {
      return waiter.told.contains(h->id);
    });
    if (all_told && may_preempt(waiter)) {
      // Who has made room, if only by a downgrade, is told again when he is back.
      std::erase_if(waiter.told, [&](std::uint64_t told) {
        return std::none_of(holders.begin(), holders.end(), [&](auto* h) { return h->id == told; });
      });
      continue;
    }
    if (!all_told) meet("somebody comes into the way of a preemption");
    withdraw_preemption(waiter);
  }
  for (const auto& [id, waiter] : claims.waiting()) {
    if (waiter->grace && !waiter->cut_off && may_preempt(*waiter)) begin_preemption(*waiter);
  }
}

void LockModel::begin_preemption(ModelClaim& waiter) {
  waiter.cut_off = now + *waiter.grace;
  for (const ModelClaim* holder : holders_in_the_way(waiter)) {
    waiter.told.insert(holder->id);
    notice(*holder, "preempt", {{"grace", *waiter.grace / 1'000}, {"withdrawn", false}});
  }
}

/// Those that were told and are still there may stay.
void LockModel::withdraw_preemption(ModelClaim& waiter) {
  for (const ModelClaim* holder : holders_in_the_way(waiter)) {
    if (!waiter.told.contains(holder->id)) continue;
    notice(*holder, "preempt", {{"grace", *waiter.grace / 1'000}, {"withdrawn", true}});
  }
  waiter.cut_off.reset();
  waiter.told.clear();
}

void LockModel::cut_off(std::uint64_t id) {
  ModelClaim& waiter = *claim(id);
  if (!may_preempt(waiter)) return withdraw_preemption(waiter);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> lost;  // by token
  for (const ModelClaim* h : holders_in_the_way(waiter)) {
    lost.emplace_back(h->token, h->id);
    if (!waiter.told.contains(h->id))
      objection_ = "a holder loses its keys without having been told";
    if (h->keys.size() > 1) meet("a grant of several keys is cut off");
    if (h->entries > 1) meet("a grant that was entered again is cut off");
  }
  std::sort(lost.begin(), lost.end());
  waiter.cut_off.reset();
  waiter.told.clear();
  for (const auto& [token, holder] : lost) lose(holder, "preempted");
}

// --- unclean loss

void LockModel::lose(std::uint64_t id, const std::string& cause) {
  notice(*claim(id), "lost", {{"cause", cause}});
  end(id, cause, false);
}

/// L10: who wants one of its keys reserves nothing now, and so asks nobody to leave.
void LockModel::shut(const ModelClaim& lost) {
  ModelMark mark{lost.token, lost.keys, {}};
  if (lost.on_loss.kind == command::OnLoss::Kind::Delay) mark.until = now + lost.on_loss.delay.us();
  marks.push_back(mark);
  for (const auto& [id, waiter] : claims.waiting()) {
    if (!waiter->cut_off || !is_shut_out(*waiter)) continue;
    meet("a preemption is stopped by a mark");
    withdraw_preemption(*waiter);
  }
}

command::Reply LockModel::on(const command::LockResolve& resolve) {
  may_stick_ = true;
  const auto resolved = marks.remove_if([&](const ModelMark& mark) {
    const bool is_on_it = std::any_of(mark.keys.begin(), mark.keys.end(),
                                      [&](const auto& k) { return k.key == resolve.key; });
    return is_on_it && (resolve.token == 0 || resolve.token == mark.token);
  });
  changed_ = resolved > 0;
  return Number{static_cast<std::int64_t>(resolved)};
}

command::Reply LockModel::on(const command::LockRevoke& revoke) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> revoked;  // by token
  for (const ModelClaim* held : claims.about(Realm::Lock, revoke.key)) {
    const bool is_meant = !held->waits() && (revoke.token == 0 || revoke.token == held->token);
    if (is_meant) revoked.emplace_back(held->token, held->id);
  }
  std::sort(revoked.begin(), revoked.end());
  for (const auto& [token, id] : revoked) {
    changed_ = true;
    notice(*claim(id), "revoked", {{"cause", "revoked"}, {"reason", revoke.reason}});
    end(id, "revoked", revoke.resolved);
  }
  return Number{static_cast<std::int64_t>(revoked.size())};
}

}  // namespace checker
