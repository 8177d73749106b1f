// The sets of options that several rows of the command table share.
#pragma once

#include <cstddef>
#include <initializer_list>

#include "command/table.h"

namespace command {

/// Those any command takes; those any changing one takes as well.
inline constexpr Options kPlain = {Option::Session};
inline constexpr Options kChanging = {Option::Session, Option::Request};

constexpr Options with(Options options, std::initializer_list<Option> more) {
  for (const Option option : more) options.insert(option);
  return options;
}

/// What every request for a grant takes.
inline constexpr Options kAcquiring =
    with(kChanging, {Option::Wait, Option::Lease, Option::Priority, Option::Note, Option::Agent,
                     Option::IfWithin, Option::Async});
/// How many words they are, but for REQUEST, ASYNC and SESSION.
inline constexpr std::size_t kAcquiringWords = 12;

}  // namespace command
