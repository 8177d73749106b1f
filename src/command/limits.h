// Every limit of the service, in one table.
//
// A limit here is a field of `Limits`, a line of the configuration file's
// [limits] section, and a row of docs/operating.md. All of them are journalled
// by the Configure entry, because some decide what apply() does, and a replay
// must decide the same.
//
// To add a limit: add its line here, check it where the sentence says it is
// checked, and test it at the limit and one past it.
#pragma once

#include <cstdint>

namespace command {

// clang-format off
//      name                      default   what it bounds
#define TURNSTILE_LIMITS(X)                                                                   \
  /* a request, checked when it is parsed */                                                  \
  X(name_bytes,                       512, "bytes of a key, a prefix, a name or a secret") \
  X(note_bytes,                       256, "bytes of a NOTE")                                 \
  X(ticket_bytes,                      64, "bytes of an ASYNC ticket")                        \
  X(keys_per_request,                  64, "keys in one LOCK.ACQUIRE")                        \
  X(ttl_min_ms,                     1'000, "shortest TTL of a session, in ms")                \
  X(ttl_max_ms,                86'400'000, "longest TTL of a session, in ms")                 \
  X(lease_max_ms,              86'400'000, "longest LEASE, in ms")                            \
  X(wait_max_ms,               86'400'000, "longest WAIT, in ms")                             \
  X(priority_max,                       9, "highest PRIORITY")                                \
  X(grace_max_ms,              86'400'000, "longest grace of PREEMPT, in ms")                 \
  X(loss_delay_max_ms,         86'400'000, "longest ONLOSS DELAY, in ms")                     \
  X(permits_max,                1'000'000, "highest LIMIT of a semaphore")                    \
  X(value_bytes,                    4'096, "bytes of what a leader proclaims")                \
  X(reason_bytes,                   4'096, "bytes of the reason of a TASK.FAIL")              \
  X(payload_bytes, 65'536, "bytes of a result, an input, a checkpoint or a signal's payload") \
  X(predecessors,                     128, "tasks that one task comes AFTER")                 \
  X(tasks_per_take,                    64, "names in one TASK.TAKE")                          \
  X(attempts_max,                   1'000, "highest ATTEMPTS of a task")                      \
  X(timeout_max_ms,            86'400'000, "longest TIMEOUT of an attempt, in ms")            \
  X(backoff_max_ms,            86'400'000, "longest BACKOFF, in ms")                          \
  X(task_time_max_ms,       2'592'000'000, "longest DELAY or DEADLINE of a task, in ms")      \
  X(parties_max,                    1'024, "most PARTIES of a barrier")                       \
  X(latch_max,                  1'000'000, "highest count of a latch")                        \
  X(list_count,                     1'000, "rows of one LOCK.LIST, SESSION.LIST or FLOW.LIST") \
  /* the state, checked when it is applied */                                                 \
  X(sessions,                     100'000, "sessions alive at once")                          \
  X(waiters_per_key,              200'000, "waiters in the queue of one key")                 \
  X(waiters_per_session,          100'000, "waiters of a session, or of a connection without") \
  X(grants_per_session,         2'000'000, "grants of one session, or of all callers without") \
  X(semaphores,                   100'000, "semaphores known at once")                        \
  X(semaphore_idle_ms, 86'400'000, "time after which an unused semaphore is forgotten, in ms") \
  X(marks,                        100'000, "lost grants that keep their keys shut")           \
  X(hold_times,                    65'536, "contended keys whose hold times are remembered")  \
  X(flows,                      1'000'000, "flows in memory at once")                         \
  X(flow_bytes, 268'435'456, "bytes of all flows beyond which no task is added")              \
  X(flow_retention_ms, 60'000, "time for which a flow is kept when all its tasks ended, in ms") \
  X(tasks_per_flow,                10'000, "tasks of one flow")                               \
  X(successors,                     1'024, "tasks that come AFTER one task")                  \
  X(results_bytes,              1'048'576, "bytes of all results handed to one task")         \
  X(signals,                      100'000, "events, barriers and latches known at once")      \
  X(signal_bytes, 67'108'864, "bytes of payloads and participants that all signals keep")     \
  X(signal_idle_ms, 86'400'000, "time after which an unused signal is forgotten, in ms")      \
  X(answers_per_session,            1'024, "answers kept for repeated REQUEST numbers")       \
  X(ended_grants,                  65'536, "ended grants whose cause is remembered")          \
  /* a connection, checked as bytes arrive and leave */                                       \
  X(connections,                   10'000, "connections at once")                             \
  X(arguments,                        256, "arguments of one request")                        \
  X(argument_bytes,               131'072, "bytes of one argument")                           \
  X(request_bytes,                262'144, "bytes of one request")                            \
  X(inline_bytes,                   4'096, "bytes of a request typed as a line")              \
  X(input_bytes,                  524'288, "bytes read ahead from one connection")            \
  X(output_bytes,               4'194'304, "unread bytes at which a connection is closed") \
  X(observed_elections,             1'024, "elections that one connection observes")         \
  X(unanswered_requests,            1'024, "requests of one connection that wait for an answer") \
  X(request_idle_ms,               10'000, "time a request may stay half sent, in ms")
// clang-format on

struct Limits {
#define TURNSTILE_LIMIT_FIELD(name, value, what) std::int64_t name = value;
  TURNSTILE_LIMITS(TURNSTILE_LIMIT_FIELD)
#undef TURNSTILE_LIMIT_FIELD

  bool operator==(const Limits&) const = default;
};

/// Calls visit(name, what, value&) for every limit, in the table's order.
template <class L, class Visit>
void for_each_limit(L& limits, Visit&& visit) {
#define TURNSTILE_LIMIT_VISIT(name, value, what) visit(#name, what, limits.name);
  TURNSTILE_LIMITS(TURNSTILE_LIMIT_VISIT)
#undef TURNSTILE_LIMIT_VISIT
}

template <class Archive>
void fields(Archive& archive, Limits& limits) {
  for_each_limit(limits, [&](const char*, const char*, std::int64_t& value) { archive(value); });
}

}  // namespace command
