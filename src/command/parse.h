// From the arguments of a request to what it asks for.
//
// The parser is the only gate between what clients write and the state machine:
// a Request that comes out of it is within every limit on a single request, so
// that apply() can rely on it. It knows no session, no key and no connection.
//
// The rules, beyond the syntax lines of the table:
//   - Names of commands and options are understood in any case.
//   - Keys, names, notes and tickets are opaque: any bytes, compared as bytes,
//     from 1 to their limit. A PREFIX or an AFTER may be empty, for all keys.
//   - Numbers are decimal digits without sign, space or leading zero. Ids,
//     tokens and REQUEST numbers go from 1 to 2^53-1.
//   - Options stand after the positional arguments, in any order, each at most
//     once. SHARED and AND belong to the keys and stand before the options.
//   - A key named twice counts once, exclusive if it is so anywhere; the limit
//     keys_per_request bounds the distinct keys.
//   - Every command but SESSION.OPEN and SESSION.ATTACH, which name a session
//     themselves, may end in `SESSION id secret`. Where the number of arguments
//     is free, three last ones that begin with SESSION are that.
#pragma once

#include <expected>
#include <span>
#include <string_view>

#include "command/errors.h"
#include "command/limits.h"
#include "command/request.h"

namespace command {

/// TTL of a SESSION.OPEN that does not name one, unless the limits forbid it.
inline constexpr std::int64_t kTtlDefaultMs = 10'000;
/// COUNT of a list that does not name one, unless the limit is lower.
inline constexpr std::int64_t kListCountDefault = 100;

/// Understands a whole request, the command's name first. Changes and keeps nothing; what it
/// returns owns its bytes. Secrets and passwords are in no sentence.
///
/// Refused:
/// - Malformed: no such command, a wrong number of arguments, an option that is unknown, given
///   twice or without its value, a number that is none or out of its range, an empty name
/// - Limit: a text longer, or more keys, than the limits allow
/// - NoProtocol: HELLO with a version other than 2 and 3
std::expected<Request, Refused> parse(std::span<const std::string_view> argv, const Limits& limits);

}  // namespace command
