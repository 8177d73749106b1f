// The page: prose, and between it what the tables say.
#include "command/protocol_docs.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "command/errors.h"
#include "command/limits.h"
#include "command/table.h"

namespace command {
namespace {

using Out = std::back_insert_iterator<std::string>;

constexpr std::string_view kIntroduction = R"(# The protocol

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
- A key named twice in a request counts once, exclusive if it is so anywhere.
- A request that is not understood is refused with a sentence that says what is wrong, and changes
  nothing. A number out of its range is `ERR`; a text too long or keys too many are `LIMIT`.

### Who asks

`SESSION.OPEN` and `SESSION.ATTACH` attach the connection to a session: what it acquires from then
on lives as long as the session, which outlives the connection. Every other command may end in
`SESSION id secret` and then acts for that session, whatever the connection is attached to. That is
for clients with a pool of connections. Where the number of arguments is free, as for INFO, three
last arguments that begin with `SESSION` are this clause.

A connection without a session can acquire as well, but must say `LEASE`; such a grant is known by
its token alone.

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

## Options

)";

/// What follows each option's word, in the order of the enumerators; empty where no row needs it.
struct OptionNote {
  std::string_view values;
  std::string_view meaning;
};

constexpr std::array<OptionNote, kOptionCount> kOptionNotes = {{
    {"", "the key before it is shared: any number of shared holders at once, no exclusive one"},
    {"key", "one key more, granted together with the others or not at all"},
    {"id or key", "in a list, begin with what is greater; the next page begins after the last row"},
    {"ticket", "do not hold back other replies; the outcome comes as a push"},
    {"user password", "log in"},
    {"n", "in a list, at most so many rows; 1 to `list_count`, default 100"},
    {"ms", "how long the grant lasts unless renewed; 1 to `lease_max_ms`"},
    {"text", "a name of the session, for people"},
    {"text", "what the lock is held for, shown to whoever asks"},
    {"KEEP or END", "whether the session ends with its last connection; KEEP is the default"},
    {"text", "in a list, only keys that begin so"},
    {"n", "0 (default) to `priority_max`; higher goes first, by a fixed amount of waiting a level"},
    {"n", "the number of this request in its session"},
    {"id secret", "act for this session; stands at the end of any command"},
    {"text", "a name of the connection, for people"},
    {"HELD", "in a list, only locks that somebody holds"},
    {"ms",
     "how long the session lives after its last renewal; `ttl_min_ms` to `ttl_max_ms`, "
     "default 10000"},
    {"ms", "how long to wait; 0 (default) to `wait_max_ms`"},
}};

void write_options(Out out) {
  fmt::format_to(out, "| option | value | meaning |\n|---|---|---|\n");
  for (std::size_t i = 0; i < kOptionCount; ++i) {
    const OptionNote& note = kOptionNotes[i];
    fmt::format_to(out, "| `{}` | {} | {} |\n", option_word(static_cast<Option>(i)), note.values,
                   note.meaning);
  }
}

void write_command(Out out, const CommandSpec& spec) {
  fmt::format_to(out, "\n#### {}\n\n```\n{}\n```\n\n{}{}\n\nAnswer: {}\n", spec.name, spec.syntax,
                 spec.summary, spec.waits ? " May wait." : "", spec.reply);
}

void write_group(Out out, Group group, std::string_view title) {
  fmt::format_to(out, "\n### {}\n", title);
  for (const CommandSpec& spec : table()) {
    if (spec.group == group) write_command(out, spec);
  }
}

void write_commands(Out out) {
  fmt::format_to(out, "\n## Commands\n");
  write_group(out, Group::Session, "Sessions");
  write_group(out, Group::Lock, "Locks");
  write_group(out, Group::Semaphore, "Semaphores");
  write_group(out, Group::Election, "Elections");
  write_group(out, Group::Connection, "The connection");
  write_group(out, Group::Server, "The server");
}

constexpr std::string_view kMapsAndPushes = R"(
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

A client ignores kinds that it does not know. The notices of a session are also in its next reply
to SESSION.KEEPALIVE, as pairs of kind and map, for those who cannot hear pushes.

After `CLIENT INDEX ON` every reply is preceded by an attribute, `|1 "index" n`: the journal index
that the reply depends on.

## Errors

An error reply begins with one of these words; a sentence for people follows. "Applied?" says
whether the command may have taken effect all the same: then only a repeat with the same REQUEST
number tells.

)";

void write_errors(Out out) {
  fmt::format_to(out, "| code | meaning | applied? |\n|---|---|---|\n");
#define TURNSTILE_WRITE_ERROR(name, word, applied, text) \
  fmt::format_to(out, "| `{}` | {} | {} |\n", word, text, (applied) ? "maybe" : "no");
  TURNSTILE_ERRORS(TURNSTILE_WRITE_ERROR)
#undef TURNSTILE_WRITE_ERROR
}

constexpr std::string_view kLimits = R"(
## Limits

Defaults; an operator may set others. A refusal at a limit names it.

| limit | default | what it bounds |
|---|---|---|
)";

void write_limits(Out out) {
  const Limits limits;
  for_each_limit(limits, [&](const char* name, const char* what, std::int64_t value) {
    fmt::format_to(out, "| `{}` | {} | {} |\n", name, value, what);
  });
}

}  // namespace

std::string protocol_docs() {
  std::string page(kIntroduction);
  const Out out = std::back_inserter(page);
  write_options(out);
  write_commands(out);
  page += kMapsAndPushes;
  write_errors(out);
  page += kLimits;
  write_limits(out);
  return page;
}

}  // namespace command
