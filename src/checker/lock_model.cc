// One entry, its REQUEST number, and how its waits end.
#include "checker/lock_model.h"

#include "checker/wait_graph.h"
#include "checker/wait_order.h"

namespace checker {

using command::Granted;
using command::Refused;
using command::Waiting;

LockModel::Answer LockModel::apply(const command::Entry& entry, const command::Outcome& verdicts) {
  entry_ = &entry;
  verdicts_ = &verdicts;
  now = entry.now.us();
  next_token_ = entry.index;
  changed_ = false;
  may_stick_ = false;
  Answer answered;
  answered.reply = answer();
  if (changed_) {
    hand_on();
    refuse_victims();
    review_preemptions();
    settle_semaphores();
    tell_leaders();
    if (ModelSession* own = session()) own->renewed = now;
    const bool is_stuck =
        may_stick_ && !WaitOrder(*this).exists() && WaitGraph(*this).is_anybody_stuck();
    if (objection_.empty() && is_stuck) objection_ = "a deadlock was not found";
  }
  answered.events = std::exchange(events_, {});
  answered.changed = changed_;
  answered.objection = std::exchange(objection_, {});
  answered.situations = std::exchange(situations_, {});
  answer_at_once(answered);
  return answered;
}

namespace {

/// Commands that act for the session that the entry names.
bool takes_session(const command::Command& command) {
  return std::visit(
      []<class C>(const C&) {
        using namespace command;
        constexpr bool is_read = std::is_same_v<C, LockCheck> || std::is_same_v<C, LockInfo> ||
                                 std::is_same_v<C, LockList> || std::is_same_v<C, SemInfo> ||
                                 std::is_same_v<C, ElectionLeader> ||
                                 std::is_same_v<C, SessionInfo> || std::is_same_v<C, SessionList> ||
                                 std::is_same_v<C, SessionOpen>;
        return !is_read && C::kKind < Configure::kKind;
      },
      command);
}

}  // namespace

command::Reply LockModel::answer() {
  const command::Origin& origin = entry_->origin;
  const bool acts_for_session = takes_session(entry_->command) || entry_->request != 0;
  if (origin.session != 0 && acts_for_session) {
    const ModelSession* own = session();
    if (own == nullptr || own->user != origin.user) return refused(Code::NoSession);
  }
  if (entry_->request != 0) {
    if (origin.session == 0) return refused(Code::Malformed);
    if (auto repeated = repeat()) return *repeated;
  }
  const Reply reply = std::visit([this](const auto& c) { return on(c); }, entry_->command);
  // Who is told that there was nothing to do has been answered, and that stands.
  const bool is_over = !code_of(reply) && !std::holds_alternative<command::Value>(reply);
  if (entry_->request != 0 && is_over) changed_ = true;
  if (changed_ && entry_->request != 0) keep(reply);
  return reply;
}

std::optional<command::Reply> LockModel::repeat() {
  const ModelSession& own = *session();
  if (entry_->request <= own.forgotten) return refused(Code::Forgotten);
  const auto it = own.kept.find(entry_->request);
  if (it == own.kept.end()) return std::nullopt;
  if (it->second.print != command::fingerprint(entry_->command)) return refused(Code::Conflict);
  // A renewal is done again, for its sender counts from the repeat.
  if (std::holds_alternative<command::Opened>(it->second.reply)) return std::nullopt;
  return repeat(it->second);
}

command::Reply LockModel::repeat(const ModelAnswer& kept) {
  if (const auto* waiting = std::get_if<Waiting>(&kept.reply)) {
    ModelClaim* waiter = claim(waiting->waiter);
    const ModelClaim* other = find_ticket(entry_->ticket);
    if (other != nullptr && other != waiter) return refused(Code::Conflict);
    meet("a repeat joins a wait");
    changed_ = true;
    waiter->ticket = entry_->ticket;
    waiter->origin.connection = entry_->origin.connection;
    waiter->asked = now;
    return kept.reply;
  }
  const auto* granted = std::get_if<Granted>(&kept.reply);
  const auto* renewed = std::get_if<command::Renewed>(&kept.reply);
  if (granted == nullptr && renewed == nullptr) return kept.reply;
  const std::uint64_t token = granted != nullptr ? granted->token : renewed->token;
  const ModelClaim* held = find_own(token);
  if (held == nullptr) return refused(Code::Lost);
  if (renewed != nullptr) return command::Renewed{held->token, lease_left(*held)};
  return Granted{held->token, lease_left(*held), {}};
}

void LockModel::keep(const Reply& reply) {
  ModelSession* own = session();
  if (own == nullptr || entry_->request <= own->forgotten) return;
  own->kept[entry_->request] = {command::fingerprint(entry_->command), reply};
  forget_oldest(*own);
}

void LockModel::forget_oldest(ModelSession& session) const {
  while (session.kept.size() > static_cast<std::size_t>(rules.limits.answers_per_session)) {
    session.forgotten = session.kept.begin()->first;
    session.kept.erase(session.kept.begin());
  }
}

/// What was decided in the entry that began the wait is its answer.
void LockModel::answer_at_once(Answer& answer) const {
  const auto* waiting = std::get_if<Waiting>(&answer.reply);
  if (waiting == nullptr) return;
  for (auto it = answer.events.begin(); it != answer.events.end(); ++it) {
    auto* decided = std::get_if<command::WaitEnded>(&*it);
    if (decided == nullptr || decided->waiter != waiting->waiter) continue;
    answer.reply = Reply(std::move(decided->reply));
    answer.events.erase(it);
    return;
  }
}

std::optional<command::Code> LockModel::code_of(const Reply& reply) {
  const auto* refused = std::get_if<Refused>(&reply);
  return refused == nullptr ? std::nullopt : std::optional(refused->code);
}

/// The grant of the token, if that is its name.
ModelClaim* LockModel::find_held(Realm realm, std::string_view name, std::uint64_t token) const {
  for (ModelClaim* held : claims.about(realm, name)) {
    if (!held->waits() && held->token == token) return held;
  }
  return nullptr;
}

/// The same of whatever name, among what the session may act on.
ModelClaim* LockModel::find_own(std::uint64_t token) const {
  for (const std::uint64_t session : {entry_->origin.session, std::uint64_t{0}}) {
    for (ModelClaim* held : claims.of_session(session)) {
      if (!held->waits() && held->token == token) return held;
    }
  }
  return nullptr;
}

bool LockModel::is_callers_wait(const ModelClaim& waiter) const {
  const command::Origin& o = entry_->origin;
  return waiter.waits() && waiter.origin.session == o.session &&
         (o.session != 0 || waiter.origin.connection == o.connection);
}

ModelClaim* LockModel::find_ticket(const std::string& ticket) const {
  if (ticket.empty()) return nullptr;
  for (ModelClaim* waiter : claims.of_session(entry_->origin.session)) {
    if (waiter->ticket == ticket && is_callers_wait(*waiter)) return waiter;
  }
  return nullptr;
}

/// Of lease and session, whichever ends first.
base::Duration LockModel::lease_left(const ModelClaim& held) const {
  std::int64_t left = std::numeric_limits<std::int64_t>::max();
  if (held.lease_end) left = *held.lease_end - now;
  if (const ModelSession* s = find_session(held.origin.session))
    left = std::min(left, ttl_left(*s));
  return base::Duration::from_us(std::max<std::int64_t>(0, left));
}

}  // namespace checker
