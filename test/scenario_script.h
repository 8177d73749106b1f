// A scenario as it stands in its file.
//
//     # A comment says what the scenario shows.
//     alice: SESSION.OPEN TTL 10000
//     ----
//     session 1
//
//     advance 12s
//     ----
//     alice: session 1 lost
//
// What is done stands before `----`, what comes of it after it. Done is a
// command of a client, `NAME: hang up`, `advance 1500ms|12s` or `restart`. An
// answer to the client that spoke stands by itself; whatever else is heard has
// its hearer before it. Blocks are written with an empty line between them, but need none.
#pragma once

#include <string>
#include <vector>

#include "scenario_world.h"

namespace scenario {

/// Some things done together, and what came of them.
struct Block {
  std::vector<std::string> before;  ///< comments and empty lines, kept as they are
  std::vector<std::string> done;
  std::vector<std::string> outcome;
};

struct Script {
  std::vector<Block> blocks;
  std::vector<std::string> after;  ///< comments behind the last block
};

Script parse(const std::string& text);
std::string text_of(const Script& script);

/// The same things done in this world, with what came of them there.
Script run(const Script& script, World& world);

}  // namespace scenario
