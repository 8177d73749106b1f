// Reading replies, defensively.
#include "client/wire/answer.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "command/errors.h"

namespace turnstile::client {
namespace {

using base::Duration;
using resp::Value;

// Longer than any time on the wire, and far from overflowing in microseconds.
constexpr std::int64_t kMillisecondsMax = std::int64_t{1000} * 60 * 60 * 24 * 366;

// Words that do not come from the table of commands: those of Redis's login and of
// its cluster.
constexpr std::array<std::pair<std::string_view, ErrorCode>, 7> kOtherWords = {{
    {"NOAUTH", ErrorCode::Denied},
    {"WRONGPASS", ErrorCode::Denied},
    {"NOPERM", ErrorCode::Denied},
    {"CROSSSLOT", ErrorCode::Invalid},
    {"WRONGTYPE", ErrorCode::Invalid},
    {"LOADING", ErrorCode::Unavailable},
    {"MASTERDOWN", ErrorCode::Unavailable},
}};

ErrorCode public_code(command::Code code) {
  switch (code) {
    case command::Code::Malformed: return ErrorCode::Invalid;
    case command::Code::NoProtocol: return ErrorCode::Protocol;
    case command::Code::Busy: return ErrorCode::Busy;
    case command::Code::Deadlock: return ErrorCode::Deadlock;
    case command::Code::Stale: return ErrorCode::Stale;
    case command::Code::NotHolder: return ErrorCode::NotHolder;
    case command::Code::NoSession: return ErrorCode::NoSession;
    case command::Code::Cancelled: return ErrorCode::Cancelled;
    case command::Code::Conflict: return ErrorCode::Conflict;
    case command::Code::Forgotten: return ErrorCode::Forgotten;
    case command::Code::Lost: return ErrorCode::Lost;
    case command::Code::Ended: return ErrorCode::Ended;
    case command::Code::Broken: return ErrorCode::Broken;
    case command::Code::Limit: return ErrorCode::Limit;
    case command::Code::Overloaded: return ErrorCode::Overloaded;
    case command::Code::Moved: return ErrorCode::Moved;
    case command::Code::Unavailable: return ErrorCode::Unavailable;
  }
  return ErrorCode::Other;
}

std::optional<std::int64_t> read_number(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  return value == nullptr ? std::nullopt : value->as_integer();
}

std::uint64_t positive_or_zero(std::optional<std::int64_t> number) {
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

std::optional<ListedGrant> read_listed_grant(const Value& map) {
  ListedGrant grant;
  grant.token = read_token(map);
  if (grant.token == 0) return std::nullopt;
  grant.lease = read_duration(map, "lease").value_or(Duration());
  grant.request = positive_or_zero(read_number(map, "request"));
  if (read_text(map, "kind") == "task") {
    grant.flow = read_text(map, "flow");
    grant.task = read_text(map, "task");
    if (grant.flow.empty() || grant.task.empty()) return std::nullopt;
    return grant;
  }
  const Value* keys = map.find("keys");
  if (keys == nullptr) return std::nullopt;
  for (const Value& key : keys->items) {
    const auto name = key.as_string();
    if (!name) return std::nullopt;
    grant.keys.emplace_back(*name);
  }
  if (grant.keys.empty()) return std::nullopt;
  return grant;
}

ListedWait read_listed_wait(const Value& map) {
  const Value* ticket = map.find("ticket");
  const auto text = ticket == nullptr ? std::nullopt : ticket->as_string();
  return {.request = positive_or_zero(read_number(map, "request")),
          .ticket = read_ticket(text.value_or(""))};
}

}  // namespace

ErrorCode find_code(std::string_view word) {
  if (const auto code = command::find_error(word)) return public_code(*code);
  for (const auto& [other, code] : kOtherWords) {
    if (other == word) return code;
  }
  return ErrorCode::Other;
}

Error to_error(const Value& value) {
  CHECK(value.is_error());
  const auto known = command::find_error(value.error_code());
  return {find_code(value.error_code()), value.text,
          known && command::error_info(*known).may_be_applied};
}

Error unavailable(std::string_view why, bool maybe_applied) {
  return {ErrorCode::Unavailable, fmt::format("UNAVAILABLE {}", why), maybe_applied};
}

std::optional<Duration> read_duration(const Value& map, std::string_view key) {
  const auto ms = read_number(map, key);
  if (!ms || *ms < 0 || *ms > kMillisecondsMax) return std::nullopt;
  return Duration::from_ms(*ms);
}

std::string read_text(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  const auto text = value == nullptr ? std::nullopt : value->as_string();
  return std::string(text.value_or(""));
}

std::optional<Opened> read_opened(const Value& value) {
  const auto id = positive_or_zero(read_number(value, "id"));
  const Value* secret = value.find("secret");
  const auto text = secret == nullptr ? std::nullopt : secret->as_string();
  const auto ttl = read_ttl(value);
  if (id == 0 || !text || !ttl) return std::nullopt;
  return Opened{.id = id, .secret = std::string(*text), .ttl = *ttl};
}

std::optional<Duration> read_ttl(const Value& value) {
  const auto ttl = read_duration(value, "ttl");
  return ttl && *ttl > Duration() ? ttl : std::nullopt;
}

std::optional<Granted> read_granted(const Value& value) {
  const auto token = read_token(value);
  const auto lease = read_duration(value, "lease");
  if (token == 0 || !lease) return std::nullopt;
  const auto waited = read_duration(value, "waited").value_or(Duration());
  return Granted{.token = token, .lease = *lease, .waited = waited};
}

std::optional<Attached> read_attached(const Value& value) {
  const auto ttl = read_ttl(value);
  const Value* grants = value.find("grants");
  const Value* waits = value.find("waits");
  if (!ttl || grants == nullptr || waits == nullptr) return std::nullopt;
  if (grants->type != resp::Type::Array || waits->type != resp::Type::Array) return std::nullopt;
  Attached attached{.ttl = *ttl, .grants = {}, .waits = {}};
  for (const Value& item : grants->items) {
    auto grant = read_listed_grant(item);
    if (!grant) return std::nullopt;
    attached.grants.push_back(std::move(*grant));
  }
  for (const Value& item : waits->items) attached.waits.push_back(read_listed_wait(item));
  return attached;
}

std::uint64_t read_token(const Value& map) {
  const auto token = positive_or_zero(read_number(map, "token"));
  return token < kTokenEnd ? token : 0;
}

Loss read_loss(std::string_view kind, const Value& map) {
  const std::string cause = read_text(map, "cause");
  return {.cause = cause.empty() ? std::string(kind) : cause, .reason = read_text(map, "reason")};
}

Revocation read_revocation(const Value& map) {
  const auto grace = read_duration(map, "grace").value_or(Duration());
  const Value* withdrawn = map.find("withdrawn");
  return {.by = read_text(map, "by"),
          .grace = Milliseconds(grace.ms()),
          .is_withdrawn = withdrawn != nullptr && withdrawn->as_integer().value_or(0) != 0};
}

std::uint64_t read_ticket(std::string_view text) {
  std::uint64_t ticket = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ticket);
  return error == std::errc() && end == text.data() + text.size() ? ticket : 0;
}

}  // namespace turnstile::client
