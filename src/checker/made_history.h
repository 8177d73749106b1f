// Histories made in memory, as clients would record them: many clients quarrel over
// a few keys of one machine, over connections that now and then lose an answer.
//
// Tests and the bench need histories that are good, long and known to the last
// entry. What a client asks for, when, and whether it hears the answer follows from
// the seed.
#pragma once

#include <cstdint>
#include <vector>

#include "checker/history.h"
#include "command/entry.h"

namespace checker {

struct MadeHistory {
  History history;
  std::vector<command::Entry> entries;  ///< all that was journalled
};

struct Making {
  std::uint64_t seed = 1;
  std::uint64_t operations = 1'000;
  std::uint64_t clients = 16;
  std::uint64_t keys = 8;
  bool has_tasks = false;      ///< chains of tasks instead of locks
  std::uint64_t lost_in = 50;  ///< one answer of so many does not arrive; 0: all do
};

MadeHistory make_history(const Making& making);

}  // namespace checker
