// The rows of the command table, and the way from a name to its row.
#include "command/table.h"

#include <array>

#include "command/parse_commands.h"

namespace command {
namespace {

/// Those any command takes; those any changing one takes as well.
constexpr Options kPlain = {Option::Session};
constexpr Options kChanging = {Option::Session, Option::Request};

constexpr Options with(Options options, std::initializer_list<Option> more) {
  for (const Option option : more) options.insert(option);
  return options;
}

/// What every request for a grant takes.
constexpr Options kAcquiring =
    with(kChanging, {Option::Wait, Option::Lease, Option::Priority, Option::Note, Option::Agent,
                     Option::IfWithin, Option::Async});
/// How many words they are, but for REQUEST, ASYNC and SESSION.
constexpr std::size_t kAcquiringWords = 12;

constexpr std::array kTable = {
    // --- sessions
    CommandSpec{.name = "SESSION.OPEN",
                .syntax = "SESSION.OPEN [TTL ms] [NAME text] [ONCLOSE KEEP|END]",
                .summary = "Opens a session and attaches this connection to it.",
                .reply = "map: id, secret, ttl",
                .group = Group::Session,
                .max_args = 6,
                .options = {Option::Ttl, Option::Name, Option::OnClose},
                .changes = true,
                .parse = parse_session_open},
    CommandSpec{.name = "SESSION.ATTACH",
                .syntax = "SESSION.ATTACH id secret",
                .summary = "Attaches this connection to a session, and tells all that the session "
                           "holds and waits for.",
                .reply = "map: id, ttl, grants, waits",
                .group = Group::Session,
                .min_args = 2,
                .max_args = 2,
                .changes = true,
                .parse = parse_session_attach},
    CommandSpec{.name = "SESSION.KEEPALIVE",
                .syntax = "SESSION.KEEPALIVE [REQUEST n]",
                .summary = "Renews the session for its TTL from now.",
                .reply = "map: ttl, notices",
                .group = Group::Session,
                .options = kChanging,
                .changes = true,
                .parse = parse_session_keep_alive},
    CommandSpec{.name = "SESSION.CLOSE",
                .syntax = "SESSION.CLOSE [REQUEST n]",
                .summary = "Ends the session with all that it holds and waits for.",
                .reply = "OK",
                .group = Group::Session,
                .options = kChanging,
                .changes = true,
                .parse = parse_session_close},
    CommandSpec{.name = "SESSION.INFO",
                .syntax = "SESSION.INFO [id]",
                .summary = "Describes a session, the caller's own unless told otherwise.",
                .reply = "map: id, name, user, ttl, remaining, since, grants, waits",
                .group = Group::Session,
                .max_args = 1,
                .options = kPlain,
                .parse = parse_session_info},
    CommandSpec{.name = "SESSION.LIST",
                .syntax = "SESSION.LIST [AFTER id] [COUNT n]",
                .summary = "Lists sessions by their ids, greater ones than AFTER.",
                .reply = "array of maps as of SESSION.INFO",
                .group = Group::Session,
                .max_args = 4,
                .options = with(kPlain, {Option::After, Option::Count}),
                .parse = parse_session_list},

    // --- locks
    CommandSpec{.name = "LOCK.ACQUIRE",
                .syntax = "LOCK.ACQUIRE key [SHARED] [AND key [SHARED]]... [WAIT ms] [LEASE ms] "
                          "[PRIORITY n] [PREEMPT grace-ms] [OWNER name] [AGENT name] "
                          "[ONLOSS FREE|DELAY ms|HOLD] [NOTE text] [IFWITHIN ms] [REQUEST n] "
                          "[ASYNC ticket]",
                .summary = "Locks all the keys or none, at once or within WAIT.",
                .reply = "map: token, lease, waited; or QUEUED, and the outcome comes as a push",
                .group = Group::Lock,
                .min_args = 1,
                .max_args = CommandSpec::kMany,
                .options = with(kAcquiring, {Option::Shared, Option::And, Option::Preempt,
                                             Option::Owner, Option::OnLoss}),
                .changes = true,
                .waits = true,
                .takes_key = true,
                .parse = parse_lock_acquire},
    CommandSpec{.name = "LOCK.RELEASE",
                .syntax = "LOCK.RELEASE key token [REQUEST n]",
                .summary = "Gives a grant back, on all its keys.",
                .reply = "1: given back now; 0: this token was released before",
                .group = Group::Lock,
                .min_args = 2,
                .max_args = 2,
                .options = kChanging,
                .changes = true,
                .takes_key = true,
                .parse = parse_lock_release},
    CommandSpec{.name = "LOCK.RENEW",
                .syntax = "LOCK.RENEW key token LEASE ms [REQUEST n]",
                .summary = "Sets the lease of a grant to so much from now.",
                .reply = "map: token, lease",
                .group = Group::Lock,
                .min_args = 4,
                .max_args = 4,
                .options = with(kChanging, {Option::Lease}),
                .changes = true,
                .takes_key = true,
                .parse = parse_lock_renew},
    CommandSpec{.name = "LOCK.CHECK",
                .syntax = "LOCK.CHECK key token",
                .summary = "Tells whether the token is a live grant on the key.",
                .reply = "1: it is; 0: it is not",
                .group = Group::Lock,
                .min_args = 2,
                .max_args = 2,
                .options = kPlain,
                .takes_key = true,
                .parse = parse_lock_check},
    CommandSpec{
        .name = "LOCK.INFO",
        .syntax = "LOCK.INFO key",
        .summary = "Describes a lock: who holds it, since when and for what, and who waits.",
        .reply = "map: key, state, held, waiting, expected, holders, waiters, shut",
        .group = Group::Lock,
        .min_args = 1,
        .max_args = 1,
        .options = kPlain,
        .takes_key = true,
        .parse = parse_lock_info},
    CommandSpec{
        .name = "LOCK.LIST",
        .syntax = "LOCK.LIST [PREFIX text] [STATE HELD|SHUT] [COUNT n] [AFTER key]",
        .summary = "Lists locks that are held, waited for or shut by their keys, greater ones "
                   "than AFTER.",
        .reply = "array of maps as of LOCK.INFO",
        .group = Group::Lock,
        .max_args = 8,
        .options = with(kPlain, {Option::Prefix, Option::State, Option::Count, Option::After}),
        .parse = parse_lock_list},
    CommandSpec{.name = "LOCK.UPGRADE",
                .syntax = "LOCK.UPGRADE key token [WAIT ms] [REQUEST n] [ASYNC ticket]",
                .summary = "Makes a shared hold of the key exclusive, before all who wait for it; "
                           "the grant gets a new token.",
                .reply = "map: token, lease, waited; or QUEUED, and the outcome comes as a push",
                .group = Group::Lock,
                .min_args = 2,
                .max_args = 4,
                .options = with(kChanging, {Option::Wait, Option::Async}),
                .changes = true,
                .waits = true,
                .takes_key = true,
                .parse = parse_lock_upgrade},
    CommandSpec{.name = "LOCK.DOWNGRADE",
                .syntax = "LOCK.DOWNGRADE key token [REQUEST n]",
                .summary = "Makes an exclusive hold of the key shared; the token stays.",
                .reply = "map: token, lease",
                .group = Group::Lock,
                .min_args = 2,
                .max_args = 2,
                .options = kChanging,
                .changes = true,
                .takes_key = true,
                .parse = parse_lock_downgrade},
    CommandSpec{.name = "LOCK.RESOLVE",
                .syntax = "LOCK.RESOLVE key [token] [REASON text] [REQUEST n]",
                .summary = "Opens a key that a lost holder left shut, and the others he held with "
                           "it.",
                .reply = "integer: how many lost holders were resolved",
                .group = Group::Lock,
                .min_args = 1,
                .max_args = 4,
                .options = with(kChanging, {Option::Reason}),
                .changes = true,
                .takes_key = true,
                .parse = parse_lock_resolve},
    CommandSpec{.name = "LOCK.REVOKE",
                .syntax = "LOCK.REVOKE key [token] [RESOLVED] [REASON text] [REQUEST n]",
                .summary = "Takes the key away from its holders, or from the one of that token; "
                           "their ONLOSS applies unless RESOLVED is said.",
                .reply = "integer: how many grants were ended",
                .group = Group::Lock,
                .min_args = 1,
                .max_args = 5,
                .options = with(kChanging, {Option::Resolved, Option::Reason}),
                .changes = true,
                .takes_key = true,
                .parse = parse_lock_revoke},
    CommandSpec{.name = "CANCEL",
                .syntax = "CANCEL ticket [REQUEST n]",
                .summary = "Withdraws the wait that bears the ticket.",
                .reply = "1: withdrawn; 0: decided before, and its outcome was sent first",
                .group = Group::Lock,
                .min_args = 1,
                .max_args = 1,
                .options = kChanging,
                .changes = true,
                .parse = parse_cancel},

    // --- semaphores
    CommandSpec{.name = "SEM.ACQUIRE",
                .syntax = "SEM.ACQUIRE key [LIMIT n] [PERMITS k] [WAIT ms] [LEASE ms] [PRIORITY n] "
                          "[AGENT name] [NOTE text] [IFWITHIN ms] [REQUEST n] [ASYNC ticket]",
                .summary = "Takes permits of a semaphore, whose LIMIT the first acquire sets.",
                .reply = "map: token, lease, waited; or QUEUED, and the outcome comes as a push",
                .group = Group::Semaphore,
                .min_args = 1,
                .max_args = 5 + kAcquiringWords,
                .options = with(kAcquiring, {Option::Limit, Option::Permits}),
                .changes = true,
                .waits = true,
                .takes_key = true,
                .parse = parse_sem_acquire},
    CommandSpec{.name = "SEM.RELEASE",
                .syntax = "SEM.RELEASE key token [REQUEST n]",
                .summary = "Gives the permits of a grant back.",
                .reply = "1: given back now; 0: this token was released before",
                .group = Group::Semaphore,
                .min_args = 2,
                .max_args = 2,
                .options = kChanging,
                .changes = true,
                .takes_key = true,
                .parse = parse_sem_release},
    CommandSpec{.name = "SEM.RENEW",
                .syntax = "SEM.RENEW key token LEASE ms [REQUEST n]",
                .summary = "Sets the lease of a grant of permits to so much from now.",
                .reply = "map: token, lease",
                .group = Group::Semaphore,
                .min_args = 4,
                .max_args = 4,
                .options = with(kChanging, {Option::Lease}),
                .changes = true,
                .takes_key = true,
                .parse = parse_sem_renew},
    CommandSpec{.name = "SEM.INFO",
                .syntax = "SEM.INFO key",
                .summary = "Describes a semaphore: its limit, who holds permits, and who waits.",
                .reply = "map: key, limit, used, held, waiting, holders, waiters",
                .group = Group::Semaphore,
                .min_args = 1,
                .max_args = 1,
                .options = kPlain,
                .takes_key = true,
                .parse = parse_sem_info},
    CommandSpec{.name = "SEM.RESIZE",
                .syntax = "SEM.RESIZE key n [REQUEST n]",
                .summary = "Changes the limit of a semaphore; who holds permits keeps them.",
                .reply = "OK",
                .group = Group::Semaphore,
                .min_args = 2,
                .max_args = 2,
                .options = kChanging,
                .changes = true,
                .takes_key = true,
                .parse = parse_sem_resize},

    // --- elections
    CommandSpec{.name = "ELECTION.CAMPAIGN",
                .syntax = "ELECTION.CAMPAIGN name value [WAIT ms] [LEASE ms] [PRIORITY n] "
                          "[AGENT name] [NOTE text] [IFWITHIN ms] [REQUEST n] [ASYNC ticket]",
                .summary = "Becomes leader, at once or when those before have left; the token is "
                           "the term.",
                .reply = "map: token, lease, waited; or QUEUED, and the outcome comes as a push",
                .group = Group::Election,
                .min_args = 2,
                .max_args = 2 + kAcquiringWords,
                .options = kAcquiring,
                .changes = true,
                .waits = true,
                .takes_key = true,
                .parse = parse_election_campaign},
    CommandSpec{.name = "ELECTION.PROCLAIM",
                .syntax = "ELECTION.PROCLAIM name token value [REQUEST n]",
                .summary = "Changes what the leader says of itself.",
                .reply = "OK",
                .group = Group::Election,
                .min_args = 3,
                .max_args = 3,
                .options = kChanging,
                .changes = true,
                .takes_key = true,
                .parse = parse_election_proclaim},
    CommandSpec{.name = "ELECTION.RESIGN",
                .syntax = "ELECTION.RESIGN name token [REQUEST n]",
                .summary = "Ends one's leadership; the next candidate leads.",
                .reply = "1: resigned now; 0: resigned before",
                .group = Group::Election,
                .min_args = 2,
                .max_args = 2,
                .options = kChanging,
                .changes = true,
                .takes_key = true,
                .parse = parse_election_resign},
    CommandSpec{.name = "ELECTION.LEADER",
                .syntax = "ELECTION.LEADER name",
                .summary = "Tells who leads.",
                .reply = "map: election, state (led or vacant), value, term, session, name, since, "
                         "candidates",
                .group = Group::Election,
                .min_args = 1,
                .max_args = 1,
                .options = kPlain,
                .takes_key = true,
                .parse = parse_election_leader},
    CommandSpec{.name = "ELECTION.OBSERVE",
                .syntax = "ELECTION.OBSERVE name [ON|OFF]",
                .summary = "Tells who leads, and from then on every change as a push of the kind "
                           "leader; OFF ends that.",
                .reply = "map as of ELECTION.LEADER",
                .group = Group::Election,
                .min_args = 1,
                .max_args = 2,
                .options = kPlain,
                .takes_key = true,
                .parse = parse_election_observe},

    // --- the connection
    CommandSpec{.name = "HELLO",
                .syntax = "HELLO [2|3 [AUTH user password] [SETNAME text]]",
                .summary = "Chooses the protocol, RESP2 or RESP3, and tells who the server is.",
                .reply = "map: server, version, proto, id, mode, role, modules",
                .group = Group::Connection,
                .max_args = 6,
                .options = with(kPlain, {Option::Auth, Option::SetName}),
                .parse = parse_hello},
    CommandSpec{.name = "PING",
                .syntax = "PING [message]",
                .summary = "Asks whether the server answers.",
                .reply = "PONG, or the message",
                .group = Group::Connection,
                .max_args = 1,
                .options = kPlain,
                .parse = parse_ping},
    CommandSpec{.name = "QUIT",
                .syntax = "QUIT",
                .summary = "Closes the connection after this answer.",
                .reply = "OK",
                .group = Group::Connection,
                .options = kPlain,
                .parse = parse_quit},
    CommandSpec{.name = "CLIENT ID",
                .syntax = "CLIENT ID",
                .summary = "Tells the number of this connection.",
                .reply = "integer",
                .group = Group::Connection,
                .options = kPlain,
                .parse = parse_client_id},
    CommandSpec{.name = "CLIENT SETNAME",
                .syntax = "CLIENT SETNAME text",
                .summary = "Names this connection, for people; an empty text takes the name away.",
                .reply = "OK",
                .group = Group::Connection,
                .min_args = 1,
                .max_args = 1,
                .options = kPlain,
                .parse = parse_client_set_name},
    CommandSpec{.name = "CLIENT GETNAME",
                .syntax = "CLIENT GETNAME",
                .summary = "Tells this connection's name.",
                .reply = "text, or nil",
                .group = Group::Connection,
                .options = kPlain,
                .parse = parse_client_get_name},
    CommandSpec{.name = "CLIENT SETINFO",
                .syntax = "CLIENT SETINFO LIB-NAME|LIB-VER text",
                .summary = "Names the client library and its version, for people.",
                .reply = "OK",
                .group = Group::Connection,
                .min_args = 2,
                .max_args = 2,
                .options = kPlain,
                .parse = parse_client_set_info},
    CommandSpec{.name = "CLIENT INDEX",
                .syntax = "CLIENT INDEX ON|OFF",
                .summary = "Puts before every reply the journal index that it depends on, as a "
                           "RESP3 attribute.",
                .reply = "OK",
                .group = Group::Connection,
                .min_args = 1,
                .max_args = 1,
                .options = kPlain,
                .parse = parse_client_index},

    // --- the server
    CommandSpec{.name = "INFO",
                .syntax = "INFO [section...]",
                .summary = "Describes the server, as lines `name:value` under `# Section`.",
                .reply = "text",
                .group = Group::Server,
                .max_args = CommandSpec::kMany,
                .options = kPlain,
                .parse = parse_server_info},
    CommandSpec{.name = "COMMAND",
                .syntax = "COMMAND",
                .summary = "Describes all commands, as COMMAND INFO does.",
                .reply = "array of arrays",
                .group = Group::Server,
                .options = kPlain,
                .parse = parse_command},
    CommandSpec{.name = "COMMAND LIST",
                .syntax = "COMMAND LIST",
                .summary = "Tells the names of all commands.",
                .reply = "array of texts",
                .group = Group::Server,
                .options = kPlain,
                .parse = parse_command_list},
    CommandSpec{.name = "COMMAND COUNT",
                .syntax = "COMMAND COUNT",
                .summary = "Tells how many commands there are.",
                .reply = "integer",
                .group = Group::Server,
                .options = kPlain,
                .parse = parse_command_count},
    CommandSpec{.name = "COMMAND DOCS",
                .syntax = "COMMAND DOCS [name...]",
                .summary = "Explains the named commands, or all: summary, group, syntax, answer.",
                .reply = "map from names to maps",
                .group = Group::Server,
                .max_args = CommandSpec::kMany,
                .options = kPlain,
                .parse = parse_command_docs},
    CommandSpec{.name = "COMMAND INFO",
                .syntax = "COMMAND INFO [name...]",
                .summary = "Describes the named commands, or all, as Redis does: arity, flags, "
                           "position of the key.",
                .reply = "array of arrays; nil for an unknown name",
                .group = Group::Server,
                .max_args = CommandSpec::kMany,
                .options = kPlain,
                .parse = parse_command_info},
};

// --- from a name to its row: a perfect hash, whose seed the compiler finds

constexpr std::size_t kSlotCount = 256;
constexpr std::uint8_t kNoRow = 0xff;
static_assert(kTable.size() < kNoRow);

constexpr std::uint32_t hash_word(std::uint32_t hash, std::string_view word) {
  for (const char c : word) {
    const auto upper = static_cast<unsigned char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    hash = (hash ^ upper) * 16'777'619U;
  }
  return hash;
}

/// The slot of a name whose words are `first` and, unless it is empty, `second`.
constexpr std::size_t slot_of(std::uint32_t seed, std::string_view first, std::string_view second) {
  std::uint32_t hash = hash_word(seed, first);
  if (!second.empty()) hash = hash_word(hash_word(hash, " "), second);
  return hash >> 24;
}
static_assert(kSlotCount == 1U << (32 - 24));

using Slots = std::array<std::uint8_t, kSlotCount>;

struct PerfectHash {
  std::uint32_t seed = 0;
  Slots slots{};
};

constexpr bool fill(Slots& slots, std::uint32_t seed) {
  slots.fill(kNoRow);
  for (std::size_t row = 0; row < kTable.size(); ++row) {
    std::uint8_t& slot = slots[slot_of(seed, kTable[row].name, {})];
    if (slot != kNoRow) return false;
    slot = static_cast<std::uint8_t>(row);
  }
  return true;
}

consteval PerfectHash make_perfect_hash() {
  PerfectHash hash;
  while (!fill(hash.slots, hash.seed)) ++hash.seed;
  return hash;
}

constexpr PerfectHash kHash = make_perfect_hash();

bool is_name(const CommandSpec& spec, std::string_view first, std::string_view second) {
  if (second.empty()) return is_word(first, spec.name) && !spec.is_two_words();
  return spec.name.size() == first.size() + 1 + second.size() &&
         is_word(first, spec.name.substr(0, first.size())) && spec.name[first.size()] == ' ' &&
         is_word(second, spec.name.substr(first.size() + 1));
}

const CommandSpec* find_words(std::string_view first, std::string_view second) {
  constexpr std::size_t kLongest = 32;  // no name has so many; longer ones are not worth hashing
  if (first.size() > kLongest || second.size() > kLongest) return nullptr;
  const std::uint8_t row = kHash.slots[slot_of(kHash.seed, first, second)];
  return row != kNoRow && is_name(kTable[row], first, second) ? &kTable[row] : nullptr;
}

}  // namespace

std::span<const CommandSpec> table() { return kTable; }

const CommandSpec* find(std::span<const std::string_view> argv) {
  if (argv.empty() || argv[0].empty()) return nullptr;
  const bool is_command = is_word(argv[0], "COMMAND");
  if (!is_command && !is_word(argv[0], "CLIENT")) return find_words(argv[0], {});
  // COMMAND is one of its own too, alone or with the closing SESSION clause.
  const bool is_alone =
      argv.size() == 1 || (argv.size() == 4 && is_word(argv[1], option_word(Option::Session)));
  if (is_command && is_alone) return find_words(argv[0], {});
  return argv.size() > 1 && !argv[1].empty() ? find_words(argv[0], argv[1]) : nullptr;
}

const CommandSpec* find_name(std::string_view name) {
  const std::size_t end = name.find_first_of(" |");
  if (name.empty() || end == 0) return nullptr;
  if (end == std::string_view::npos) return find_words(name, {});
  const std::string_view second = name.substr(end + 1);
  return second.empty() ? nullptr : find_words(name.substr(0, end), second);
}

std::string redis_name(const CommandSpec& spec) {
  std::string name(spec.name);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == ' ') c = '|';
  }
  return name;
}

std::string_view group_name(Group group) {
  switch (group) {
    case Group::Session: return "session";
    case Group::Lock: return "lock";
    case Group::Semaphore: return "semaphore";
    case Group::Election: return "election";
    case Group::Connection: return "connection";
    case Group::Server: return "server";
  }
  return {};
}

}  // namespace command
