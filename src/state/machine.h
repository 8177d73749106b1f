// The deterministic state machine that decides who holds what.
//
// It takes entries, one after another, and answers with replies and events. It
// has no clock, no I/O, no threads and no chance: time is the entry's, ids and
// tokens come from the entry's index, and expiry is an entry like any other. So
// serving, recovery, compaction, standing by, audit and simulation are one and
// the same replay.
//
// The promises it keeps are numbered in docs/semantics.md; invariants.cc checks
// them. It is used by one thread at a time.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "command/entry.h"
#include "command/reply.h"
#include "state/deadlines.h"
#include "state/deadlock.h"
#include "state/ended_grants.h"
#include "state/flows.h"
#include "state/hold_times.h"
#include "state/model.h"
#include "state/sessions.h"
#include "state/signals.h"
#include "state/watcher.h"

namespace checker {
class MachineView;  // compares it with a naive model
}

namespace state {

/// The version of the rules that apply() follows. A journal that asks for a
/// higher one was written by a newer program.
inline constexpr std::uint32_t kRulesVersion = 1;

class Machine {
 public:
  Machine() = default;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// The one door. `entry.index` must be at least next_index(), `entry.now` at
  /// least now(). If the outcome says that nothing changed, the state is exactly
  /// as before, the index is not used up, and the entry must not be journalled.
  /// Never fails: a command that cannot be granted is answered with a refusal.
  command::Outcome apply(const command::Entry& entry);

  /// The smallest index the next entry may have. Usually the last plus one; an
  /// entry that granted several waiters used one index for each token.
  std::uint64_t next_index() const { return last_index_ + 1; }
  /// The greatest index in use: what a reply that changed nothing depends on.
  std::uint64_t last_index() const { return last_index_; }
  /// Cluster time of the last entry that changed something.
  Time now() const { return now_; }
  /// When the next Tick is due; Time::never() if nothing can fall due.
  Time next_deadline() const { return deadlines_.next(); }

  /// Whether the session exists, is the user's, and `secret_hash` is its secret's.
  bool knows_session(std::uint64_t session, std::string_view user,
                     const base::Sha256& secret_hash) const;
  /// Whether the token is that of a live grant, of whatever kind.
  bool has_grant(std::uint64_t token) const { return grants_.contains(token); }
  /// Null if there is no such session. Valid until the next apply().
  const Session* find_session(std::uint64_t session) const;

  const command::Rules& rules() const { return rules_; }
  std::size_t session_count() const { return sessions_.size(); }
  std::size_t grant_count() const { return grants_.size(); }
  std::size_t waiter_count() const { return waiters_.size(); }
  std::size_t key_count() const { return keys_of(Space::Lock).size(); }
  std::size_t mark_count() const { return marks_.size(); }
  std::size_t signal_count() const { return signal_names_.size(); }
  const Flows& flows() const { return flows_; }
  /// Every grant there is, by rising token.
  std::vector<const Grant*> grants() const;
  /// Who leads, as ELECTION.LEADER answers.
  command::Value leader_of(const std::string& election) const;

  /// From now on `watcher` is told of what is applied, until it is null; it lives as long.
  void watch(Watcher* watcher) { watcher_ = watcher; }

  /// Folds every outcome so far into one number. Two replays that agree on it
  /// decided everything alike; it costs next to nothing and is stored with each batch.
  std::uint64_t running_digest() const { return running_digest_; }
  /// A digest of the whole state. Takes time proportional to it.
  std::uint64_t digest() const;

  /// Appends the whole state to `out`.
  void save(std::string& out) const;
  /// Replaces the state by a saved one. The bytes are not trusted: what is
  /// incomplete or contradicts a promise is Fault::Corrupt, and the machine is
  /// then only fit to be destroyed.
  base::Result<void> restore(std::string_view bytes);

  /// The first promise or internal relation that does not hold, in words.
  std::optional<std::string> broken_invariant() const;
  /// Aborts if there is one.
  void check_invariants() const;

 private:
  friend class DeadlockSearch;
  friend class checker::MachineView;
  using Keys = absl::btree_map<Text, Key, std::less<>>;
  using KeyName = std::pair<Space, Text>;
  template <class T>
  using Named = absl::btree_map<std::string, T, std::less<>>;

  /// Unlike any rules that Configure brings, so that the first is always journalled.
  static command::Rules unconfigured() {
    command::Rules rules;
    rules.version = 0;
    return rules;
  }

  // --- machine.cc: one entry
  command::Reply dispatch(const command::Entry& entry);
  std::optional<command::Reply> answer_repeat(const command::Entry& entry);
  command::Reply repeat_of_grant(const Answer& answer);
  command::Reply repeat_of_wait(const Answer& answer);
  command::Reply repeat_of_signal(const Answer& answer) const;
  void remember_answer(const command::Entry& entry, const command::Reply& reply);
  /// The numbered request that waited was granted.
  void decide_answer(Session& session, std::uint64_t request, std::uint64_t token);
  void settle();
  void answer_at_once(command::Reply& reply);
  void fold_into_digest(const command::Reply& reply);
  void changed() { changed_ = true; }

  // One function a command; the name is the command's.
  command::Reply on(const command::SessionOpen& command);
  command::Reply on(const command::SessionAttach& command);
  command::Reply on(const command::SessionKeepAlive& command);
  command::Reply on(const command::SessionClose& command);
  command::Reply on(const command::SessionInfo& command);
  command::Reply on(const command::SessionList& command);
  command::Reply on(const command::LockAcquire& command);
  command::Reply on(const command::LockRelease& command);
  command::Reply on(const command::LockRenew& command);
  command::Reply on(const command::LockCheck& command);
  command::Reply on(const command::LockInfo& command);
  command::Reply on(const command::LockList& command);
  command::Reply on(const command::LockUpgrade& command);
  command::Reply on(const command::LockDowngrade& command);
  command::Reply on(const command::LockResolve& command);
  command::Reply on(const command::LockRevoke& command);
  command::Reply on(const command::SemAcquire& command);
  command::Reply on(const command::SemRelease& command);
  command::Reply on(const command::SemRenew& command);
  command::Reply on(const command::SemInfo& command);
  command::Reply on(const command::SemResize& command);
  command::Reply on(const command::ElectionCampaign& command);
  command::Reply on(const command::ElectionProclaim& command);
  command::Reply on(const command::ElectionResign& command);
  command::Reply on(const command::ElectionLeader& command);
  command::Reply on(const command::TaskAdd& command);
  command::Reply on(const command::TaskJoin& command);
  command::Reply on(const command::TaskTake& command);
  command::Reply on(const command::TaskComplete& command);
  command::Reply on(const command::TaskFail& command);
  command::Reply on(const command::TaskRelease& command);
  command::Reply on(const command::TaskExtend& command);
  command::Reply on(const command::TaskResult& command);
  command::Reply on(const command::TaskCancel& command);
  command::Reply on(const command::TaskRedrive& command);
  command::Reply on(const command::TaskWhy& command);
  command::Reply on(const command::FlowInfo& command);
  command::Reply on(const command::FlowList& command);
  command::Reply on(const command::FlowCancel& command);
  command::Reply on(const command::FlowClose& command);
  command::Reply on(const command::EventSet& command);
  command::Reply on(const command::EventReset& command);
  command::Reply on(const command::EventWait& command);
  command::Reply on(const command::EventInfo& command);
  command::Reply on(const command::BarrierArrive& command);
  command::Reply on(const command::BarrierInfo& command);
  command::Reply on(const command::LatchSet& command);
  command::Reply on(const command::LatchCountdown& command);
  command::Reply on(const command::LatchWait& command);
  command::Reply on(const command::LatchInfo& command);
  command::Reply on(const command::Cancel& command);
  command::Reply on(const command::Configure& command);
  command::Reply on(const command::Start& command);
  command::Reply on(const command::Tick& command);
  command::Reply on(const command::Disconnect& command);

  // --- session.cc
  /// The session the entry acts for; null if it has none. Refused if it is gone or not the user's.
  std::optional<command::Refused> require_session(Session*& session);
  void renew(Session& session);
  Duration remaining_ttl(const Session& session) const;
  Time expiry_of(const Session& session) const;
  void end_session(std::uint64_t id, EndCause cause);

  // --- acquire.cc: asking for a grant of any kind
  Claim claim_of(Space space, command::KeyModes keys, const command::Terms& terms) const;
  command::Reply acquire(Claim&& claim, const command::Terms& terms, std::optional<Duration> grace);
  std::optional<command::Refused> refuse_acquire(const Claim& claim, const Session* session) const;
  std::optional<command::Refused> refuse_ticket() const;
  std::optional<command::Refused> refuse_wait(const Claim& claim) const;
  command::Refused busy(const Place& place, const Claim& claim) const;
  command::Reply enqueue(Waiter&& waiter, Duration wait);

  // --- grant.cc: giving, ending, finding
  std::uint64_t next_token();
  command::Granted give(std::unique_ptr<Grant> grant, Time asked);
  void end_grant(Grant& grant, EndCause cause);
  /// Renames a grant; whatever knew it by its old token knows the new one.
  Grant& change_token(Grant& grant);
  void hold_keys(const Grant& grant);
  void hold_key(const Grant& grant, const command::KeyMode& held, Key& key);
  void unhold_keys(const Grant& grant);
  void unhold_key(const Grant& grant, const command::KeyMode& held, Key& key);
  using ClaimList = absl::btree_set<std::uint64_t> AgentClaims::*;
  void list_claim(const Claim& claim, std::uint64_t id, ClaimList which);
  void unlist_claim(const Claim& claim, std::uint64_t id, ClaimList which);
  Duration remaining_lease(const Grant& grant) const;
  /// The live grant of this token on this key, if the entry's origin may act on it.
  std::variant<Grant*, command::Refused> find_own_grant(Space space, std::string_view key,
                                                        std::uint64_t token);
  command::Refused stale(std::string_view key, std::uint64_t token) const;
  command::Reply release(Space space, std::string_view key, std::uint64_t token);
  command::Reply renew_lease(Space space, std::string_view key, std::uint64_t token,
                             Duration lease);
  /// Tells the holder that its grant ended, or is to end, without its doing.
  void notify(const Grant& grant, const char* kind, command::Value::Map more);

  // --- lock.cc
  Grant* find_entered(const Session& session, const command::LockAcquire& command);
  std::optional<command::Refused> refuse_entry(const Session& session,
                                               const command::LockAcquire& command) const;

  // --- queue.cc: waiting and handing on
  Keys& keys_of(Space space) { return keys_[static_cast<std::size_t>(space)]; }
  const Keys& keys_of(Space space) const { return keys_[static_cast<std::size_t>(space)]; }
  Place place_for(std::uint8_t priority) const;
  bool may_be_granted(const Place& place, const Claim& claim, std::uint64_t upgrades = 0) const;
  bool may_have(const Place& place, const Claim& claim, const command::KeyMode& wanted,
                std::uint64_t upgrades) const;
  bool is_taken(const Key& key, const Claim& claim, const command::KeyMode& wanted,
                std::uint64_t upgrades) const;
  Party* find_party(std::uint64_t session, std::uint64_t connection);
  const Party* find_party(std::uint64_t session, std::uint64_t connection) const;
  Party& party_of(const Waiter& waiter);
  Waiter& insert_waiter(std::unique_ptr<Waiter> waiter);
  void line_up(const Waiter& waiter);
  void step_out(const Waiter& waiter);
  /// Takes the waiter out of all its queues. Touches nothing.
  std::unique_ptr<Waiter> take_waiter(std::uint64_t id);
  /// Ends a wait with a refusal and tells whoever waits for it.
  void refuse_waiter(std::uint64_t id, command::Code code, std::string sentence);
  void touch(const Claim& claim);
  /// Grants whatever the entry made grantable, in queue order, and drops idle keys.
  void hand_on();
  using Candidates = std::vector<std::pair<Place, std::uint64_t>>;
  void collect_candidates(Space space, std::string_view name, const Key& key,
                          Candidates& found) const;
  void grant_waiter(std::uint64_t id);
  void drop_if_idle(Space space, std::string_view name);
  void drop(Space space, std::string_view name, Keys::iterator idle);
  /// Ends a wait whose asker is gone; whoever counted on him is told.
  void lose_waiter(std::uint64_t id, command::Code code, std::string sentence);

  // --- conversion.cc
  void finish_upgrade(std::unique_ptr<Waiter> waiter);

  // --- loss.cc: keys that a lost holder shuts
  void shut(const Grant& grant, EndCause cause, std::string holder);
  void open(std::uint64_t token);
  bool has_shut_key(const Claim& claim) const;

  // --- deadlock.cc
  bool is_somebody(const Agent& agent) const;
  std::optional<Cycle> find_deadlock(const Agent& agent) const;
  void suspect(const Claim& claim);
  void suspect_behind(const Waiter& waiter);
  void break_deadlock();
  static std::uint64_t victim_of(const Cycle& cycle);
  std::string describe_cycle(const Cycle& cycle) const;
  std::string describe_agent(const Claim& claim) const;
  static std::string describe_key(Space space, std::string_view key);
  static std::string describe_hold(const WaitEdge& edge);

  // --- preemption.cc
  bool may_preempt(const Waiter& waiter) const;
  std::vector<std::uint64_t> obstacles_of(const Waiter& waiter) const;
  void review(const Claim& claim);
  void review(Space space, std::string_view name, const Key& key);
  void review_preemptions();
  void begin_preemption(Waiter& waiter);
  void withdraw_preemption(Waiter& waiter);
  void come_into_the_way(const Grant& grant, const command::KeyMode& to_hold, const Key& key);
  void cut_off(std::uint64_t waiter);

  // --- semaphore.cc
  std::int64_t limit_of(std::string_view semaphore) const;
  Semaphore& make_semaphore(std::string_view name, std::int64_t limit);
  void use_semaphore(std::string_view name);
  void leave_semaphore(std::string_view name);
  void forget_semaphore(std::uint64_t id);

  // --- flow.cc: declaring tasks, and how long a flow is known
  std::optional<command::Refused> refuse_declaration(const command::Declaration& asked) const;
  std::optional<command::Refused> refuse_other_words(const command::Declaration& asked,
                                                     const Task& task) const;
  std::optional<command::Refused> refuse_room(const command::Declaration& asked, const Flow* flow,
                                              const Task* task) const;
  Task& declare(const command::Declaration& asked, std::uint8_t priority);
  std::vector<Task*> name_predecessors(const command::Declaration& asked, Flow& flow,
                                       bool was_named);
  void suspect_runners_before(const Task& task);
  void review_flows();
  void set_forget(Flow& flow, Time time);

  // --- task.cc: from one state of a task to the next
  void move(Task& task, TaskState state);
  void set_deadline(Task& task, Time time);
  void decide_tasks();
  void decide(Task& task);
  void make_ready(Task& task);
  void delay_until(Task& task, Time time);
  void end_task(Task& task, TaskState state);
  void skip(Task& task, std::string cause, bool is_failure);
  void die(Task& task, std::string cause);
  void try_again(Task& task);
  void start_delayed(std::uint64_t task);
  void miss_deadline(std::uint64_t task);
  void cancel(Task& task, const std::string& reason);

  // --- attempt.cc: who runs a task
  std::optional<command::Refused> refuse_report(const Task* task, const std::string& flow,
                                                const std::string& name, std::uint64_t token) const;
  static command::Refused refuse_other_report(const Task& task, const AttemptRecord& record);
  std::optional<command::Refused> refuse_not_running(const Task& task, std::uint64_t token) const;
  command::Refused refuse_late(Task& task, std::uint64_t token, const char* said);
  static const AttemptRecord* find_record(const Task& task, std::uint64_t token);
  bool is_newest(const Task& task, std::uint64_t token) const;
  void end_record(Task& task, AttemptEnd end);
  void end_running(Task& task);
  void lose_attempt(const Grant& grant, EndCause cause);
  Task& task_of(const Claim& claim) const;
  Grant& grant_of(const Task& task) const { return *grants_.at(task.token); }
  std::uint64_t candidate_for(const Task& task) const;
  void start_ready_tasks();
  command::Attempt start(Claim claim, Task& task, Time asked);
  void start_waiter(std::uint64_t waiter, Task& task);
  command::Attempt attempt_of(const Task& task, Duration waited) const;
  std::optional<command::Refused> refuse_result(const Task& task, std::size_t bytes) const;

  // --- task_report.cc
  std::string describe_end(const Task& task) const;
  std::string describe_task(const Task& task) const;
  std::string describe_task_wait(const Claim& claim) const;
  command::Value report_result(const Task& task) const;
  command::Value report_task(const Task& task) const;
  command::Value::Map report_flow(const Flow& flow) const;

  // --- signal.cc: what events, barriers and latches have in common
  std::optional<command::Refused> refuse_signal(bool is_new, std::size_t bytes) const;
  void recount(Signal& signal, std::int64_t bytes);
  void leave_signal(Space space, std::string_view name);
  command::Reply wait_for_signal(Space space, const std::string& name, Duration wait,
                                 Waiter waiter);
  std::vector<std::uint64_t> waiters_at(Space space, std::string_view name) const;
  void answer_waiter(std::uint64_t waiter, command::Value value);
  static std::optional<Answer> signal_answer(Space space, const command::Reply& reply);
  void decide_signal_answer(const Waiter& waiter, const command::Reply& reply);
  void name_signal(Signal& signal, Space space, const std::string& name);
  Signal* find_signal(Space space, std::string_view name);
  bool is_forgettable(Space space, std::string_view name) const;
  void review_signal(Space space, std::string_view name, bool is_used);
  void forget_signal(std::uint64_t id);
  std::string describe_signal_wait(const Claim& claim) const;
  command::Value::List report_signal_waiters(Space space, std::string_view name) const;

  // --- event.cc, barrier.cc, latch.cc
  static bool is_answer(const Event& event, const Waiter& waiter);
  static command::Value report_event(const Event& event);
  void hand_out(Event& event);
  static command::Value report_round(const Barrier& barrier);
  command::Value release_barrier(Barrier& barrier, const Waiter& last);
  void break_barrier(const std::string& name, const std::string& cause);
  void lose_arrival(const std::string& name, command::OnDeath on_death,
                    const std::string& participant, const std::string& who);
  void end_round(Barrier& barrier);
  void open_latch(Latch& latch);

  // --- estimate.cc
  void record_hold(const Grant& grant, const command::KeyMode& held, const Key& key);
  std::optional<Duration> expected_wait(const Place& place, const Claim& claim) const;
  std::optional<Duration> expected_wait(const Place& place, const Claim& claim,
                                        const command::KeyMode& wanted) const;

  // --- expiry.cc
  void expire(const Deadline& deadline);
  void expire_lease(std::uint64_t token);
  void expire_wait(std::uint64_t waiter);

  // --- report.cc
  std::string describe_obstacle(const Place& place, const Claim& claim,
                                std::uint64_t upgrades = 0) const;
  std::string describe_wait(const Waiter& waiter) const;
  std::string describe_holder(const Grant& grant) const;
  std::string name_of(std::uint64_t session, std::uint64_t connection) const;
  command::Value report_grant(const Grant& grant, std::string_view key) const;
  command::Value report_waiter(const Waiter& waiter, std::string_view key) const;
  command::Value report_mark(const Mark& mark) const;
  command::Value::List report_holders(std::string_view name, const Key& key) const;
  command::Value::List report_waiters(std::string_view name, const Key& key,
                                      std::size_t waiters_max) const;
  command::Value report_key(std::string_view name, const Key& key, std::size_t waiters_max) const;
  command::Value report_expected(Space space, std::string_view name) const;
  command::Reply list_shut(const command::LockList& command) const;
  command::Value report_session(const Session& session) const;
  command::Value report_own_grants(const Session& session) const;
  command::Value report_own_waits(const Session& session) const;

  // --- snapshot.cc, snapshot_tasks.cc
  void save_tasks(base::ByteWriter& writer) const;
  bool restore_flow(base::ByteReader& reader);
  bool restore_flows(base::ByteReader& reader);
  bool restore_signals(base::ByteReader& reader);
  template <class S>
  bool restore_signals_of(base::ByteReader& reader, Space space, Named<S>& signals);
  bool is_sane_claim(const Claim& claim) const;
  bool rebuild_grant(std::unique_ptr<Grant> grant);
  bool rebuild_waiter(std::unique_ptr<Waiter> waiter);
  bool rebuild_mark(Mark mark);
  bool rebuild_semaphore(Semaphore semaphore);

  // --- invariants_tasks.cc: each returns what is broken
  std::optional<std::string> broken_flow() const;
  std::optional<std::string> broken_task(const Task& task) const;
  std::optional<std::string> broken_link(const Task& task) const;
  std::optional<std::string> broken_attempt(const Task& task) const;
  std::optional<std::string> broken_run(const Grant& grant) const;
  std::optional<std::string> broken_signal_wait(const Waiter& waiter) const;
  std::optional<std::string> broken_signal() const;
  std::optional<std::string> broken_task_deadlines(std::size_t& expected) const;

  // --- invariants.cc: each returns what is broken
  std::optional<std::string> broken_key() const;
  std::optional<std::string> broken_grant() const;
  std::optional<std::string> broken_grant_owner(const Grant& grant) const;
  std::optional<std::string> broken_waiter() const;
  std::optional<std::string> broken_wait(const Waiter& waiter) const;
  std::optional<std::string> broken_preemption(const Waiter& waiter) const;
  std::optional<std::string> broken_party(const Waiter& waiter) const;
  std::optional<std::string> broken_mark() const;
  std::optional<std::string> broken_semaphore() const;
  std::optional<std::string> broken_session() const;
  std::optional<std::string> broken_agents(const Session& session) const;
  std::optional<std::string> broken_answers(const Session& session) const;
  std::optional<std::string> broken_deadline() const;
  std::optional<std::string> broken_circle() const;
  std::optional<std::string> broken_key_holders(Space space, std::string_view name,
                                                const Key& key) const;
  std::optional<std::string> broken_key_queue(std::string_view name, const Key& key) const;

  // State.
  command::Rules rules_ = unconfigured();
  std::uint64_t last_index_ = 0;
  Time now_;
  std::uint64_t running_digest_ = 0;
  Sessions sessions_;
  absl::btree_map<std::uint64_t, std::unique_ptr<Grant>> grants_;        ///< by token
  absl::flat_hash_map<std::uint64_t, std::unique_ptr<Waiter>> waiters_;  // never iterated unsorted
  EndedGrants ended_;
  absl::btree_map<std::uint64_t, Mark> marks_;  ///< by the token of the lost grant
  Named<Semaphore> semaphores_;
  HoldTimes hold_times_;
  Flows flows_;
  Named<Event> signal_events_;
  Named<Barrier> barriers_;
  Named<Latch> latches_;

  // Follows from the state above.
  std::array<Keys, kSpaceCount> keys_;
  absl::btree_map<std::uint64_t, Party> anonymous_;  ///< connection -> waits without a session
  std::size_t anonymous_claims_ = 0;                 ///< grants and waits without a session
  std::size_t may_shut_ = 0;                         ///< claims whose loss would shut their keys
  absl::flat_hash_map<std::uint64_t, std::string> semaphore_names_;  ///< by id
  absl::flat_hash_map<std::uint64_t, KeyName> signal_names_;         ///< by id
  std::int64_t signal_bytes_ = 0;
  Deadlines deadlines_;

  Watcher* watcher_ = nullptr;  ///< null: nobody looks on

  // The entry being applied; meaningless between entries.
  const command::Entry* entry_ = nullptr;
  bool changed_ = false;
  std::uint64_t tokens_given_ = 0;
  std::vector<command::Event> events_;
  std::vector<KeyName> touched_;   ///< keys whose queue may move at the end of the entry
  std::vector<KeyName> spare_;     ///< empty; kept for its memory
  std::vector<KeyName> reviewed_;  ///< keys whose preemption may begin or end then
  std::vector<std::pair<std::uint64_t, Text>> suspects_;  ///< agents new in somebody's way
  std::vector<std::string> elections_;        ///< whose leader, or what it says, is another now
  std::vector<std::uint64_t> undecided_;      ///< tasks of which a predecessor has ended
  std::vector<std::uint64_t> ready_;          ///< tasks that somebody may run now
  std::vector<std::uint64_t> touched_flows_;  ///< that may have ended, or gone on
};

}  // namespace state
