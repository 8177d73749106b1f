// The prose of docs/protocol.md, what stands between the tables.
#pragma once

#include <string_view>

namespace command {

inline constexpr std::string_view kIntroduction = R"(# The protocol

Turnstile speaks RESP, the protocol of Redis, in its versions 2 and 3. Every language has a client
for it already: `redis-cli`, redis-py, ioredis, Jedis, go-redis, hiredis. This page says what can
be asked and what is answered.

This page is made from the command table (`src/command/table.cc`); a test compares the two. To
renew it: `TURNSTILE_REWRITE_DOCS=1 ./dev test debug -R ProtocolDocs`.

## Connecting

The service listens on TCP port 7420 and, if configured, on a Unix socket.

```
$ redis-cli -3 -p 7420
127.0.0.1:7420> SESSION.OPEN TTL 30000 NAME refunds
1# "id" => (integer) 4
2# "secret" => "9f86d081884c7d659a2feaa0c55ad015"
3# "ttl" => (integer) 30000
127.0.0.1:7420> LOCK.ACQUIRE acct/1 WAIT 5000 NOTE "refund 17"
1# "token" => (integer) 5
2# "lease" => (integer) 29990
3# "waited" => (integer) 0
127.0.0.1:7420> LOCK.RELEASE acct/1 5
(integer) 1
```

A connection begins in RESP2; `HELLO 3` makes it RESP3. A request is an array of bulk strings, as
every client sends it, or one line of words, for typing by hand. Replies come in the order of the
requests, so requests may be sent without waiting for the replies before.

| answer | RESP3 | RESP2 |
|---|---|---|
| map | map | array of names and values in turn |
| nothing | null | null bulk string |
| truth value | boolean | integer 1 or 0 |
| push | push | none: what needs it is refused |

Readers of a map should take what they know by its name and ignore the rest: maps may grow.

## Writing a request

- Names of commands and options are understood in any case.
- Keys, names, notes and tickets are any bytes, compared as bytes, from 1 byte to their limit. A
  NOTE, a PREFIX or an AFTER may be empty.
- Numbers are decimal digits without sign, space or leading zero. Lengths of time are whole
  milliseconds. Ids, tokens and REQUEST numbers go from 1 to 2^53-1, which every language can hold.
- Options stand after the other arguments, in any order, each at most once. `SHARED` and `AND`
  belong to the keys and stand before the options.
- A key named twice in a request counts once, exclusive if it is so anywhere; so does a task.
- A list of tasks begins with how many there are: `AFTER 2 reserve check`, `TASK.TAKE 1 reserve`.
- The payload of EVENT.SET and BARRIER.ARRIVE and the checkpoint of TASK.RELEASE may stand by
  themselves among the options. A program that cannot know what is in them writes `PAYLOAD` or
  `CHECKPOINT` before them: `EVENT.SET e AUTO` sets an AUTO event without a payload, and
  `EVENT.SET e PAYLOAD AUTO` one that says AUTO. The result of TASK.COMPLETE and the reason of
  TASK.FAIL have a place of their own and need no word before them.
- A request that is not understood is refused with a sentence that says what is wrong, and changes
  nothing. A number out of its range is `ERR`; a text too long or keys too many are `LIMIT`.

### Who asks

`SESSION.OPEN` and `SESSION.ATTACH` attach the connection to a session: what it acquires from then
on lives as long as the session, which outlives the connection. Every other command may end in
`SESSION id secret` and then acts for that session, whatever the connection is attached to. That is
for clients with a pool of connections. Where the number of arguments is free, as for INFO, three
last arguments that begin with `SESSION` are this clause.

A connection without a session can acquire as well, but must say `LEASE`; such a grant is known by
its token alone. So is an attempt at a task that was taken without a session: it lasts for the
task's TIMEOUT.

### Trying again

A command that may have been applied although no answer came is sent again with the same
`REQUEST n`: it takes effect once, and is answered the same. n grows within a session; gaps are
allowed, and without a session there is no REQUEST. The same number with other arguments is a
`CONFLICT`; how long the caller waits (`WAIT`) and where the outcome goes (`ASYNC`) may differ. A
refusal is not remembered: the number may be used again.

### Waiting

Without `WAIT`, or with `WAIT 0`, an acquisition is a try: granted at once, or refused at once.
Otherwise it waits in the queue for at most so long, and is then refused with `BUSY`.

A command that waits holds back all later replies of its connection, as BLPOP does in Redis. With
`ASYNC ticket`, which needs RESP3, it does not: if it has to wait, it answers `QUEUED`, and the
outcome comes as a push that bears the ticket. The ticket is the caller's own choice. What can be
decided at once is the reply itself, and there is no push.

How tasks and signals behave, and what they promise, is in [tasks](tasks.md).

## Options

)";

inline constexpr std::string_view kMapsAndPushes = R"(
## Maps

All times are milliseconds; `since` is wall-clock time since 1970, for people. A value that does
not apply is nothing.

- **a grant**: `token` the fencing token; `lease` what remains of it at this answer; `waited` from
  the request to the grant.
- **LOCK.INFO**: `key`; `state` free, held, shared, or reserved for the first in the queue; `held`
  how many hold it; `waiting` how many wait; `holders` and `waiters` the first of them.
- **a holder**: `session`, `name`, `user`, `connection` who; `mode` exclusive or shared; `keys` all
  keys of the grant; `since`, `held` since when and how long; `lease` what remains; `priority`;
  `note`; and `token`, but only for the session that holds it.
- **a waiter**: `session`, `name`, `user`, `connection` who; `mode`; `keys`; `since`, `waited` since
  when and how long; `wait` how much longer; `priority`; `note`.
- **SESSION.ATTACH**: `id`; `ttl`; `grants` each with `token`, `keys`, `lease`, `request`, `ticket`;
  `waits` each with `ticket`, `request`, `keys`, `wait`. What is in neither list has ended.
- **an attempt** (TASK.JOIN, TASK.TAKE): `flow`, `task`; `attempt` its number; `token` its fencing
  token; `timeout` what remains of it at this answer; `waited` from the request to the attempt;
  `input` what the declaration said; `checkpoint` what the attempt before left, both empty if there
  is none; `results` of the predecessors, in the order of AFTER.
- **a result** (in `results`, and of TASK.RESULT, which has `flow` too): `task`; `state` completed,
  failed, skipped or cancelled; `result` if it completed, else nothing; `reason` if it did not, else
  nothing.
- **FLOW.INFO**: `flow`; `state` running, held if a dead task holds it up, ended, or unknown;
  `closed`; `since`; `bytes` what it takes of `flow_bytes`; `count` how many tasks it has; `tasks`
  the first `list_count` of them, in the order in which they were first named.
- **a task** of FLOW.INFO: `task`; `state` undeclared, pending, delayed, ready, running,
  completed, failed, dead, skipped or cancelled; `after`; `when`; `ondead`; `priority`; `attempt` of
  `attempts`; `timeout`; `since`, `age` of that state; `session`, `name`, `connection`, `note` who
  runs it; `lease` what remains of the attempt; `starts_in` if it is delayed; `deadline_in`;
  `candidates` how many wait to run it; `result_bytes`; `cause` in words, of how it ended; `history`
  the attempts, each with `attempt`, `who`, `started`, `ended`, `how`, and `late` if a completion
  came too late. A token is shown to nobody: whoever knows it may report for the attempt.
- **TASK.WHY**: `flow`; `task`; `state`; `why` the chain of causes, one text each.
- **BARRIER.ARRIVE**: `barrier`; `generation`, the same for all who were answered together;
  `parties`; `payloads` what each of them brought, in the order of arrival, as maps of
  `participant` and `payload`.
- **SESSION.INFO**: `id`; `name`; `user`; `ttl`; `remaining` until it expires; `since`; `grants` and
  `waits` how many.

`lease` within a session is what remains of the lease or of the session, whichever ends first. A
client counts its own deadline from the moment it *sent* the request, and gives up early: after
(waited + lease) × 0.9.

LOCK.LIST has no waiters in its rows. A page ends at COUNT; the next one begins with AFTER and the
last key.

## Pushes

Only RESP3 has them. They come between replies, never within one.

```
>3  "turnstile"         <ticket>  <the grant as a map, or an error>
>3  "turnstile-notice"  <kind>    <map>
```

The first is the outcome of a command that answered QUEUED, and never comes before QUEUED. The
second is news about something held:

| kind | map | meaning |
|---|---|---|
| `lost` | `token`, `keys`, `cause` | the grant has ended without a release |
| `revoked` | `token`, `keys`, `cause`, `reason` | an operator took it away |
| `preempt` | `token`, `keys`, `by`, `grace`, `withdrawn` | somebody of higher priority wants it |
| `leader` | as ELECTION.LEADER | an election that this connection observes has changed |

An attempt at a task is lost and preempted like a grant; its notices have `flow` and `task` as well.

A client ignores kinds that it does not know. The notices of a session are also in its next reply
to SESSION.KEEPALIVE, as pairs of kind and map, for those who cannot hear pushes.

After `CLIENT INDEX ON` every reply is preceded by an attribute, `|1 "index" n`: the journal index
that the reply depends on.

## Errors

An error reply begins with one of these words; a sentence for people follows. "Applied?" says
whether the command may have taken effect all the same: then only a repeat with the same REQUEST
number tells. A repeat that is refused rules nothing out: what was sent before over a connection
that broke may arrive later still and take effect. The truth is what SESSION.ATTACH lists.

Three of them are about tasks and signals alone. `ENDED`: who waits to run a task is told that there
is nothing left to run, and the sentence says how it ended; TASK.RESULT has the rest. `BROKEN`: one
who had arrived at a barrier died, and all others are released by this error, once; who arrives
again begins anew. `STALE` for a completion that came too late: somebody took the task over, or it
was decided otherwise; the sentence says which, and that it came is kept in the flow's history.

)";

inline constexpr std::string_view kLimits = R"(
## Limits

Defaults; an operator may set others. A refusal at a limit names it.

| limit | default | what it bounds |
|---|---|---|
)";

}  // namespace command
