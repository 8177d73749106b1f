// A second machine, written from the promises: lists, searched from end to end.
//
// It answers every entry as the promises say and shares nothing with the machine
// but the entry and the shape of an answer. Whoever may be granted is found by
// asking of everybody, in the one order, whether anything is in his way, until
// nobody can be granted any more. So it is slow, and there is little to get wrong.
//
// Two things are the machine's to choose and the model's to judge: whom of a
// deadlock it refuses, and whether IFWITHIN foresees too long a wait.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/check.h"
#include "checker/lock_model_state.h"
#include "command/entry.h"
#include "command/reply.h"

namespace checker {

class LockModel : private ModelState {
 public:
  struct Answer {
    command::Reply
        reply;  ///< of a refusal only the code, of STALE the cause; of a description a part
    std::vector<command::Event> events;
    bool changed = false;
    std::string objection;                ///< why a verdict of the machine's is wrong
    std::vector<const char*> situations;  ///< what was met that a test should meet
  };

  Answer apply(const command::Entry& entry, const command::Outcome& verdicts);
  const ModelState& state() const { return *this; }

 private:
  using Code = command::Code;
  using Reply = command::Reply;
  using Value = command::Value;

  // --- lock_model.cc: one entry, its number, and how its waits end
  Reply answer();
  std::optional<Reply> repeat();
  Reply repeat(const ModelAnswer& kept);
  void keep(const Reply& reply);
  void forget_oldest(ModelSession& session) const;
  void answer_at_once(Answer& answer) const;
  static Reply refused(Code code, std::string cause = "") { return command::Refused{code, cause}; }
  static std::optional<Code> code_of(const Reply& reply);
  void meet(const char* situation) { situations_.push_back(situation); }
  ModelSession* session(std::uint64_t id) {
    const auto it = sessions.find(id);
    return it == sessions.end() ? nullptr : &it->second;
  }
  ModelSession* session() { return session(entry_->origin.session); }
  ModelClaim* claim(std::uint64_t id) { return claims.find(id); }
  ModelClaim* find_held(Realm realm, std::string_view name, std::uint64_t token) const;
  ModelClaim* find_own(std::uint64_t token) const;
  ModelClaim* find_ticket(const std::string& ticket) const;
  bool is_callers_wait(const ModelClaim& claim) const;
  base::Duration lease_left(const ModelClaim& claim) const;

  // --- lock_model_queue.cc: asking, giving, ending
  ModelClaim claim_of(Realm realm, command::KeyModes keys, const command::Terms& terms) const;
  Reply acquire(const ModelClaim& claim, const command::Terms& terms);
  Reply wait(const ModelClaim& claim);
  command::Granted give(ModelClaim& claim);
  command::Granted finish_upgrade(std::uint64_t waiter);
  void renew(std::uint64_t session, std::uint64_t request, std::uint64_t token);
  void hand_on();
  bool is_waited_about(const ModelClaim& claim) const;
  void judge(const ModelClaim& victim);
  void refuse_victims();
  void tell(const ModelClaim& claim, Reply outcome);
  void remove(std::uint64_t id);
  void refuse(std::uint64_t id, Code code, const std::string& cause = "");
  void remember_end(std::uint64_t token, const std::string& cause);
  void end(std::uint64_t id, const std::string& cause, bool is_clean);
  std::optional<Reply> refuse_token(Realm realm, std::string_view key, std::uint64_t token);
  Reply release(Realm realm, std::string_view key, std::uint64_t token);
  Reply renew_lease(Realm realm, std::string_view key, std::uint64_t token, base::Duration lease);

  // --- lock_model_loss.cc: preemption and what a lost holder leaves
  void notice(const ModelClaim& holder, const char* kind, Value::Map details);
  void review_preemptions();
  void begin_preemption(ModelClaim& waiter);
  void withdraw_preemption(ModelClaim& waiter);
  void cut_off(std::uint64_t waiter);
  void shut(const ModelClaim& lost);
  void lose(std::uint64_t id, const std::string& cause);
  Reply on(const command::LockResolve& command);
  Reply on(const command::LockRevoke& command);

  // --- lock_model_lock.cc
  ModelClaim* find_entered(const command::LockAcquire& command);
  bool is_in_own_way(const command::LockAcquire& command) const;
  Reply enter_again(ModelClaim& held, const command::LockAcquire& command);
  Reply on(const command::LockAcquire& command);
  Reply on(const command::LockRelease& c) { return release(Realm::Lock, c.key, c.token); }
  Reply on(const command::LockRenew& c) {
    return renew_lease(Realm::Lock, c.key, c.token, c.lease);
  }
  Reply on(const command::LockCheck& command);
  Reply on(const command::LockUpgrade& command);
  Reply on(const command::LockDowngrade& command);
  Reply on(const command::Cancel& command);

  // --- lock_model_semaphore.cc: semaphores and elections
  void settle_semaphores();
  Reply on(const command::SemAcquire& command);
  Reply on(const command::SemRelease& c) { return release(Realm::Semaphore, c.key, c.token); }
  Reply on(const command::SemRenew& c) {
    return renew_lease(Realm::Semaphore, c.key, c.token, c.lease);
  }
  Reply on(const command::SemResize& command);
  Reply on(const command::SemInfo& command);
  Reply on(const command::ElectionCampaign& command);
  Reply on(const command::ElectionProclaim& command);
  Reply on(const command::ElectionResign& c) { return release(Realm::Election, c.name, c.token); }
  Reply on(const command::ElectionLeader& command) { return leader_of(command.name); }
  Value leader_of(const std::string& election) const;
  void tell_leaders();

  // --- lock_model_session.cc: sessions, time, and what is asked about the state
  std::int64_t ttl_left(const ModelSession& session) const;
  std::int64_t expiry(const ModelSession& session) const;
  void end_session(std::uint64_t id, const std::string& how);
  template <class Predicate>
  bool end_waits(Predicate&& is_over, Code code);
  Reply on(const command::SessionOpen& command);
  Reply on(const command::SessionAttach& command);
  Reply on(const command::SessionKeepAlive& command);
  Reply on(const command::SessionClose& command);
  Reply on(const command::SessionInfo& command);
  Reply on(const command::SessionList& command);
  Reply on(const command::LockInfo& command);
  Reply on(const command::LockList& command);
  Reply on(const command::Configure& command);
  Reply on(const command::Start& command);
  Reply on(const command::Disconnect& command);
  struct Due;
  std::optional<Due> first_due() const;
  Reply on(const command::Tick& command);
  /// Tasks and signals are judged by a model of their own.
  template <class C>
  Reply on(const C&) {
    CHECK(false);
  }

  const command::Entry* entry_ = nullptr;
  const command::Outcome* verdicts_ = nullptr;
  std::string objection_;
  std::uint64_t next_token_ = 0;
  std::vector<command::Event> events_;
  std::vector<const char*> situations_;
  std::set<std::string> elections_;  ///< in which something happened in this entry
  bool changed_ = false;
  bool may_stick_ = false;  ///< what happened in this entry may have closed a circle of waits
};

}  // namespace checker
