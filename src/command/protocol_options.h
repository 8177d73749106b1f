// What docs/protocol.md says of each option.
//
// To add an option: its line here, in the order of the enumerators; the compiler asks for it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "command/table.h"

namespace command {

struct OptionNote {
  Option option = Option::Shared;
  std::string_view values = {};   ///< what follows the word
  std::string_view meaning = {};  ///< with its limits and its default
};

inline constexpr std::array<OptionNote, kOptionCount> kOptionNotes = {{
    {Option::Shared, "",
     "the key before it is shared: any number of shared holders at once, no exclusive one"},
    {Option::And, "key", "one key more, granted together with the others or not at all"},
    {Option::After, "id, key or flow; n task...; generation",
     "in a list, begin with what is greater: the next page begins after the last row. Of a task, "
     "its predecessors, at most `predecessors`; left out: the task of the flow declared last. Of "
     "an event, only a later generation will do"},
    {Option::Agent, "name",
     "who asks, within the session (a thread, a coroutine), for the search for deadlocks"},
    {Option::As, "name", "who arrives or counts down, so that a repeat is known for one"},
    {Option::Async, "ticket", "do not hold back other replies; the outcome comes as a push"},
    {Option::Attempts, "n", "how often a task is tried; 1 to `attempts_max`, default 5"},
    {Option::Auth, "user password", "log in"},
    {Option::Auto, "", "the event lets one waiter go on and is reset; decided by its first SET"},
    {Option::Backoff, "ms",
     "pause before another attempt: drawn from nothing up to this, doubled with each attempt, up "
     "to MAX; 0 to `backoff_max_ms`, default 100"},
    {Option::Checkpoint, "bytes",
     "what the next attempt is handed; left out: what was there stays"},
    {Option::Count, "n", "in a list, at most so many rows; 1 to `list_count`, default 100"},
    {Option::Deadline, "ms",
     "of all attempts of a task, from its declaration; 1 to `task_time_max_ms`, default 86400000"},
    {Option::Delay, "ms",
     "a task does not start before, from its declaration or from being given back; 0 (default) to "
     "`task_time_max_ms`"},
    {Option::Flows, "text", "only in flows whose names begin so"},
    {Option::IfWithin, "ms", "refuse at once if the wait is expected to be longer"},
    {Option::Input, "bytes", "what whoever runs the task is handed"},
    {Option::Lease, "ms", "how long the grant lasts unless renewed; 1 to `lease_max_ms`"},
    {Option::Limit, "n",
     "how many permits the semaphore has; 1 to `permits_max`, and all must say the same"},
    {Option::Max, "ms", "behind BACKOFF, the longest pause; up to `backoff_max_ms`, default 30000"},
    {Option::Name, "text", "a name of the session, for people"},
    {Option::Note, "text", "what the lock or the task is held for, shown to whoever asks"},
    {Option::OnClose, "KEEP or END",
     "whether the session ends with its last connection; KEEP is the default"},
    {Option::OnDead, "HOLD or SKIP",
     "of a task of unknown outcome: HOLD (default) those behind it until somebody decides, or let "
     "it count as skipped"},
    {Option::OnDeath, "BREAK or SHRINK",
     "of one who has arrived and dies: all others are told BROKEN (default), or the barrier needs "
     "one party less"},
    {Option::OnLoss, "FREE, DELAY ms or HOLD",
     "of a holder that is lost: the key is free at once (default), shut for so long (1 to "
     "`loss_delay_max_ms`), or shut until LOCK.RESOLVE"},
    {Option::Owner, "name",
     "re-entry: an acquire of the same owner in the session enters the grant again"},
    {Option::Parties, "n", "how many must arrive; 1 to `parties_max`, and all must say the same"},
    {Option::Payload, "bytes", "what the signal brings with it"},
    {Option::Permits, "k", "how many permits to take; default 1"},
    {Option::Preempt, "ms",
     "ask holders of lower priority to leave, and take it from them after this grace; 0 to "
     "`grace_max_ms`; needs WAIT"},
    {Option::Prefix, "text", "in a list, only names that begin so"},
    {Option::Priority, "n",
     "0 (default) to `priority_max`; higher goes first, by a fixed amount of waiting a level"},
    {Option::Reason, "text", "why, for the journal"},
    {Option::Request, "n", "the number of this request in its session"},
    {Option::Resolved, "", "how the holder's work ended is known: the key is not shut"},
    {Option::Retry, "", "the task has another attempt after its BACKOFF, if one is left"},
    {Option::Session, "id secret", "act for this session; stands at the end of any command"},
    {Option::SetName, "text", "a name of the connection, for people"},
    {Option::State, "HELD, SHUT or DEAD",
     "in a list, only locks that somebody holds, or that a lost holder left shut; only flows that "
     "a dead task holds up"},
    {Option::Timeout, "ms",
     "of one attempt, unless TASK.EXTEND gives it more; 1 to `timeout_max_ms`, default 60000"},
    {Option::Ttl, "ms",
     "how long the session lives after its last renewal; `ttl_min_ms` to `ttl_max_ms`, default "
     "10000"},
    {Option::Wait, "ms", "how long to wait; 0 (default) to `wait_max_ms`"},
    {Option::When, "COMPLETED, ENDED or FAILED",
     "when the task runs: all predecessors completed (default), all ended, or one failed"},
}};

constexpr bool notes_are_in_order() {
  for (std::size_t i = 0; i < kOptionCount; ++i) {
    if (kOptionNotes[i].option != static_cast<Option>(i)) return false;
    if (kOptionNotes[i].meaning.empty()) return false;
  }
  return true;
}
static_assert(notes_are_in_order(), "each option has its line, in the order of the enumerators");

}  // namespace command
