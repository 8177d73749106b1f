// A naive model of tasks and signals, to judge the machine by.
//
// Written from docs/tasks.md: lists that are gone through from end to end, and
// tasks that are looked at anew after every step. It shares nothing with the
// machine but the commands, and takes from it two things only, which it judges:
// the draw of a back-off, and who is refused because of a deadlock.
#pragma once

#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "command/entry.h"
#include "command/reply.h"
#include "state/machine.h"

namespace checker {

class TaskModel {
 public:
  struct Answer {
    std::string reply;
    bool changed = false;
    std::vector<std::string> grants;  ///< in their order
    std::vector<std::string> others;  ///< sorted

    bool operator==(const Answer&) const = default;
  };
  /// What the machine said, in the same words.
  static Answer answer_of(const command::Outcome& outcome);

  /// What should come of the entry. The machine has applied it already.
  Answer apply(const command::Entry& entry, const command::Outcome& outcome,
               const state::Machine& machine);

  /// The first difference between the tasks here and there; empty: there is none.
  std::string difference(const state::Machine& machine) const;

  /// How an attempt ended, and what was seen besides: for a look at what the walks reached.
  const std::map<std::string, std::uint64_t>& seen() const { return seen_; }

 private:
  using Place = std::pair<std::int64_t, std::uint64_t>;
  struct Attempt {
    std::uint64_t token = 0;
    std::int64_t number = 0;
    std::string user;
    std::string end;  ///< empty: it goes on
    bool is_late = false;
  };
  struct Job {
    std::uint64_t id = 0;
    std::string flow;
    std::string name;
    std::string state = "undeclared";
    bool is_declared = false;
    command::Declaration said;  ///< with what was left out filled in
    std::uint8_t priority = 0;
    base::Time declared, start_at, deadline_at, lease_end;
    std::optional<Place> ready;
    std::int64_t used = 0;
    std::uint64_t token = 0;
    bool is_void = false;
    bool is_failure = false;
    std::vector<Attempt> attempts;
    std::string result, cause, checkpoint;
    // Who runs it.
    std::uint64_t session = 0, connection = 0, request = 0;
    std::string agent;
    std::uint8_t asked_priority = 0;
    // Who is to take it away, and from which attempt.
    std::uint64_t preemptor = 0, warned = 0;
    base::Time cut_off;
  };
  struct Flow {
    bool is_closed = false;
    base::Time forget = base::Time::never();
    std::string last;
    std::list<Job> jobs;  ///< as they were first named
  };
  enum class Kind { Lock, Join, Take, Result, Event, Barrier, Latch };
  struct Wait {
    std::uint64_t id = 0;
    Kind kind = Kind::Lock;
    command::Origin origin;
    std::uint64_t request = 0;
    std::string ticket;
    std::string flow;                ///< or the prefix of the flows
    std::vector<std::string> names;  ///< the lock, the task, or those to choose from
    std::uint8_t priority = 0;
    std::string agent;
    Place place;
    base::Time asked, give_up;
    std::optional<base::Duration> grace;
    // At an event and at a barrier.
    std::optional<std::uint64_t> after;
    std::string participant, payload;
    command::OnDeath on_death = command::OnDeath::Break;
  };
  /// An event, a barrier or a latch. Who has arrived at a barrier waits there.
  struct Signal {
    Kind kind = Kind::Event;
    std::uint64_t id = 0;
    std::string name;
    std::uint64_t generation = 0;
    base::Time used, forget;
    bool is_set = false, is_automatic = false;
    std::string payload;
    std::int64_t parties = 0, shrunk = 0;
    std::set<std::string> dead;
    std::vector<std::pair<std::string, std::string>> brought;
    std::int64_t count = 0, left = 0;
    std::set<std::string> counted;
  };
  struct Lock {
    std::string key;
    std::uint64_t token = 0;
    command::Origin origin;
    std::string agent;
  };
  struct Kept {
    std::string kind;
    std::uint64_t value = 0;
    std::uint64_t fingerprint = 0;
  };
  struct Session {
    std::string user;
    base::Duration ttl;
    base::Time renewed;
    std::map<std::uint64_t, Kept> kept;
  };
  using Reply = command::Reply;

  // One entry.
  std::optional<Reply> repeat();
  Reply dispatch();
  void remember(const Reply& reply);
  void settle();
  void decide();
  bool decide(Job& job);
  void start_ready();
  void grant_locks();
  void take_victims();
  void review_preemption();
  void review_flows();
  void tick();

  // Tasks.
  template <class C>
  Reply on(const C&);
  Reply on(const command::TaskAdd&);
  Reply on(const command::TaskJoin&);
  Reply on(const command::TaskTake&);
  Reply on(const command::TaskComplete&);
  Reply on(const command::TaskFail&);
  Reply on(const command::TaskRelease&);
  Reply on(const command::TaskExtend&);
  Reply on(const command::TaskResult&);
  Reply on(const command::TaskCancel&);
  Reply on(const command::TaskRedrive&);
  Reply on(const command::FlowCancel&);
  Reply on(const command::FlowClose&);
  std::optional<Reply> refuse_words(const command::Declaration&, std::optional<std::uint8_t>);
  Job& declare(const command::Declaration&, std::uint8_t priority);
  std::optional<Reply> refuse_report(const std::string& flow, const std::string& task,
                                     std::uint64_t token, Job*& job, Attempt*& attempt);
  Reply late(Job& job, Attempt* attempt, const char* said);
  bool counts(const Job& job, std::uint64_t token) const;
  void make_ready(Job& job);
  void stop(Job& job, const char* end);  ///< the running attempt
  void retry(Job& job);
  void finish(Job& job, const char* state);
  void skip(Job& job, std::string cause, bool is_failure);
  void die(Job& job, std::string cause);
  void cancel(Job& job, const std::string& reason);
  void lose(Job& job, const char* end);
  command::Attempt start(Job& job, const Wait& wait);
  command::Attempt attempt_of(const Job& job, base::Duration waited) const;
  Wait* candidate(const Job& job);

  // Signals.
  Reply on(const command::EventSet&);
  Reply on(const command::EventReset&);
  Reply on(const command::EventWait&);
  Reply on(const command::BarrierArrive&);
  Reply on(const command::LatchSet&);
  Reply on(const command::LatchCountdown&);
  Reply on(const command::LatchWait&);
  Signal* signal(Kind kind, const std::string& name);
  Signal& use(Kind kind, const std::string& name);  ///< makes it if it is new
  std::vector<Wait> waits_at(Kind kind, const std::string& name) const;
  std::optional<Reply> refuse_signal(Kind kind, const std::string& name, std::size_t bytes);
  Reply await(Wait wait, base::Duration length);
  void lose_wait(std::uint64_t id, Reply reply);
  template <class Predicate>
  bool lose_waits(const Reply& reply, Predicate&& is_its);
  void review_signals();
  static command::Value told_by_event(const Signal& event);
  static command::Value told_by_barrier(const Signal& barrier);
  static command::Value told_by_latch(const Signal& latch);
  static bool is_answered(const Signal& event, const std::optional<std::uint64_t>& after);
  void open_if_counted(const Signal& latch);
  Reply repeated_signal(std::uint64_t generation);
  static std::optional<std::uint64_t> generation_of(const Reply& reply);

  // Sessions and waits, and two locks without any options.
  Reply on(const command::LockAcquire&);
  Reply on(const command::LockRelease&);
  Reply on(const command::SessionOpen&);
  Reply on(const command::SessionAttach&);
  Reply on(const command::SessionKeepAlive&);
  Reply on(const command::SessionClose&);
  Reply on(const command::Disconnect&);
  Reply on(const command::Start&);
  Reply on(const command::Tick&);
  Reply on(const command::Cancel&);
  void end_session(std::uint64_t id, const char* how);
  std::optional<Reply> refuse_asking(const std::string& agent) const;
  Wait wait_of(Kind kind, const std::string& flow, std::vector<std::string> names,
               const command::Terms& terms) const;
  Reply enqueue(Wait wait, base::Duration length);
  void end_wait(std::uint64_t id, Reply reply);
  void notice(const Job& job, const char* kind);
  bool is_in_cycle(const Wait& wait) const;
  std::string agent_of(std::uint64_t session, const std::string& agent) const;
  std::set<std::string> obstacles(const std::string& agent) const;

  Job* find(const std::string& flow, const std::string& task);
  const Job* find(const std::string& flow, const std::string& task) const;
  bool is_known_session() const;
  base::Duration left(std::uint64_t session, base::Time lease_end) const;

  command::Rules rules_;
  std::map<std::string, Flow> flows_;
  std::list<Wait> waits_;
  std::list<Lock> locks_;
  std::list<Signal> signals_;
  std::set<std::uint64_t> unlocked_;
  std::map<std::uint64_t, Session> sessions_;
  std::uint64_t last_id_ = 0;
  std::map<std::string, std::uint64_t> seen_;

  const command::Entry* entry_ = nullptr;
  const command::Outcome* outcome_ = nullptr;
  const state::Machine* machine_ = nullptr;
  base::Time now_;
  bool changed_ = false;
  std::uint64_t given_ = 0;
  std::vector<command::Event> events_;
};

}  // namespace checker
