// The payload of a journalled entry:
//
//     kind u8 · flags u8 · connection u64 · [user] [session u64] [request u64]
//     [ticket] [trace] · the command's fields
//
// What stands in brackets is there only if its flag is set. Strings are a u32
// length and their bytes; integers are little-endian.
#include "command/entry.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"

namespace command {
namespace {

enum Flag : std::uint8_t {
  kHasUser = 1,
  kHasSession = 2,
  kHasRequest = 4,
  kHasTicket = 8,
  kHasTrace = 16,
  kAllFlags = 31,
};

/// Reads the alternative of the variant whose kKind is `kind`; false if there is none.
template <std::size_t I = 0>
bool read_command(std::uint8_t kind, base::ByteReader& reader, Command& command) {
  if constexpr (I == std::variant_size_v<Command>) {
    return false;
  } else {
    using C = std::variant_alternative_t<I, Command>;
    if (C::kKind != kind) return read_command<I + 1>(kind, reader, command);
    fields(reader, command.emplace<C>());
    return true;
  }
}

}  // namespace

void encode(const Entry& entry, std::string& out) {
  const Origin& origin = entry.origin;
  const auto flag = [](bool present, Flag f) { return present ? int{f} : 0; };
  const int flags = flag(!origin.user.empty(), kHasUser) | flag(origin.session != 0, kHasSession) |
                    flag(entry.request != 0, kHasRequest) |
                    flag(!entry.ticket.empty(), kHasTicket) | flag(!entry.trace.empty(), kHasTrace);
  base::ByteWriter writer(out);
  writer(kind_of(entry.command), static_cast<std::uint8_t>(flags), origin.connection);
  if ((flags & kHasUser) != 0) writer(origin.user);
  if ((flags & kHasSession) != 0) writer(origin.session);
  if ((flags & kHasRequest) != 0) writer(entry.request);
  if ((flags & kHasTicket) != 0) writer(entry.ticket);
  if ((flags & kHasTrace) != 0) writer(entry.trace);
  std::visit([&](const auto& command) { writer(command); }, entry.command);
}

base::Result<void> decode(std::string_view payload, Entry& entry) {
  base::ByteReader reader(payload);
  std::uint8_t kind = 0;
  std::uint8_t flags = 0;
  reader(kind, flags, entry.origin.connection);
  entry.origin.user.clear();
  entry.origin.session = 0;
  entry.request = 0;
  entry.ticket.clear();
  entry.trace.clear();
  if ((flags & kHasUser) != 0) reader(entry.origin.user);
  if ((flags & kHasSession) != 0) reader(entry.origin.session);
  if ((flags & kHasRequest) != 0) reader(entry.request);
  if ((flags & kHasTicket) != 0) reader(entry.ticket);
  if ((flags & kHasTrace) != 0) reader(entry.trace);
  const bool known = flags <= kAllFlags && read_command(kind, reader, entry.command);
  if (!known || !reader.ok() || !reader.at_end()) {
    return base::failure(
        base::Fault::Corrupt,
        fmt::format("entry {} (kind {}) cannot be decoded; it was written by a newer version, or "
                    "its bytes are damaged",
                    entry.index, kind));
  }
  return {};
}

std::uint8_t kind_of(const Command& command) {
  return std::visit([](const auto& c) { return c.kKind; }, command);
}

std::string_view kind_name(std::uint8_t kind) {
  switch (kind) {
    case SessionOpen::kKind: return "SESSION.OPEN";
    case SessionAttach::kKind: return "SESSION.ATTACH";
    case SessionKeepAlive::kKind: return "SESSION.KEEPALIVE";
    case SessionClose::kKind: return "SESSION.CLOSE";
    case SessionInfo::kKind: return "SESSION.INFO";
    case SessionList::kKind: return "SESSION.LIST";
    case LockAcquire::kKind: return "LOCK.ACQUIRE";
    case LockRelease::kKind: return "LOCK.RELEASE";
    case LockRenew::kKind: return "LOCK.RENEW";
    case LockCheck::kKind: return "LOCK.CHECK";
    case LockInfo::kKind: return "LOCK.INFO";
    case LockList::kKind: return "LOCK.LIST";
    case LockUpgrade::kKind: return "LOCK.UPGRADE";
    case LockDowngrade::kKind: return "LOCK.DOWNGRADE";
    case LockResolve::kKind: return "LOCK.RESOLVE";
    case LockRevoke::kKind: return "LOCK.REVOKE";
    case SemAcquire::kKind: return "SEM.ACQUIRE";
    case SemRelease::kKind: return "SEM.RELEASE";
    case SemRenew::kKind: return "SEM.RENEW";
    case SemInfo::kKind: return "SEM.INFO";
    case SemResize::kKind: return "SEM.RESIZE";
    case ElectionCampaign::kKind: return "ELECTION.CAMPAIGN";
    case ElectionProclaim::kKind: return "ELECTION.PROCLAIM";
    case ElectionResign::kKind: return "ELECTION.RESIGN";
    case ElectionLeader::kKind: return "ELECTION.LEADER";
    case TaskAdd::kKind: return "TASK.ADD";
    case TaskJoin::kKind: return "TASK.JOIN";
    case TaskTake::kKind: return "TASK.TAKE";
    case TaskComplete::kKind: return "TASK.COMPLETE";
    case TaskFail::kKind: return "TASK.FAIL";
    case TaskRelease::kKind: return "TASK.RELEASE";
    case TaskExtend::kKind: return "TASK.EXTEND";
    case TaskResult::kKind: return "TASK.RESULT";
    case TaskCancel::kKind: return "TASK.CANCEL";
    case TaskRedrive::kKind: return "TASK.REDRIVE";
    case TaskWhy::kKind: return "TASK.WHY";
    case FlowInfo::kKind: return "FLOW.INFO";
    case FlowList::kKind: return "FLOW.LIST";
    case FlowCancel::kKind: return "FLOW.CANCEL";
    case FlowClose::kKind: return "FLOW.CLOSE";
    case EventSet::kKind: return "EVENT.SET";
    case EventReset::kKind: return "EVENT.RESET";
    case EventWait::kKind: return "EVENT.WAIT";
    case EventInfo::kKind: return "EVENT.INFO";
    case BarrierArrive::kKind: return "BARRIER.ARRIVE";
    case BarrierInfo::kKind: return "BARRIER.INFO";
    case LatchSet::kKind: return "LATCH.SET";
    case LatchCountdown::kKind: return "LATCH.COUNTDOWN";
    case LatchWait::kKind: return "LATCH.WAIT";
    case LatchInfo::kKind: return "LATCH.INFO";
    case Cancel::kKind: return "CANCEL";
    case Configure::kKind: return "configure";
    case Start::kKind: return "start";
    case Tick::kKind: return "tick";
    case Disconnect::kKind: return "disconnect";
    default: return "unknown";
  }
}

namespace {

/// How long the caller listens is his affair.
template <class C>
void forget_wait(C& command) {
  if constexpr (requires { command.wait; }) command.wait = Duration();
  if constexpr (requires { command.within; }) command.within.reset();
}

/// Nor does the order in which he lists names mean anything.
void sort_names(std::vector<std::string>& names) { std::sort(names.begin(), names.end()); }

void sort_keys(KeyModes& keys) {
  std::sort(keys.begin(), keys.end(),
            [](const KeyMode& a, const KeyMode& b) { return a.key < b.key; });
}

}  // namespace

std::uint64_t fingerprint(const Command& command) {
  std::string bytes;
  base::ByteWriter writer(bytes);
  writer(kind_of(command));
  std::visit(
      [&]<class C>(C asked) {
        forget_wait(asked);
        if constexpr (std::is_same_v<C, LockAcquire>) sort_keys(asked.keys);
        if constexpr (std::is_same_v<C, TaskTake>) sort_names(asked.tasks);
        if constexpr (std::is_base_of_v<Declaration, C>) {
          if (asked.after) sort_names(*asked.after);
        }
        writer(asked);
      },
      command);
  return base::hash64(bytes);
}

}  // namespace command
