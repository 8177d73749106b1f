// Whether a client was told what the machine answers.
#pragma once

#include <string>

#include "command/command.h"
#include "command/reply.h"
#include "resp/value.h"

namespace checker {

/// How much of an answer the machine can say again.
enum class Precision : std::uint8_t {
  Exact,    ///< it is of an entry, whose time is known
  Timeless  ///< it was given between two entries: lengths of time are not known
};

/// The answer as it should have been, in short, if the client was told another one; else empty.
/// Sentences are for people and are not compared. Of a description what follows from the
/// state alone is: its form, names and tokens.
std::string difference(const command::Reply& expected, const resp::Value& told,
                       Precision precision);

/// What a client was told, in short.
std::string told_text(const resp::Value& told);

}  // namespace checker
