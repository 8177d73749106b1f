// Replies and events as short lines, for tests that are read like a talk, and for reports.
//
// `granted 5`, `waiting 4`, `BUSY`, `STALE expired`: what a test must agree on,
// and nothing that only people need, such as the sentence of a refusal.
#pragma once

#include <string>

#include "command/reply.h"

namespace command {

/// A tree of values in one line: {key: acct/1, holders: [..]}.
std::string text_of(const Value& value);
/// The code, and of STALE the cause, which is the first word of its sentence.
std::string text_of(const Refused& refused);
std::string text_of(const Reply& reply);

/// The reply with its times in microseconds.
std::string exact_text_of(const Reply& reply);
std::string exact_text_of(const Event& event);

}  // namespace command
