// A flow as a tree of tasks: each stands under its first predecessor, and one that is the only
// child stands right below, so that a chain stays narrow.
//
//     authorise
//     ↓ reserve
//     ├─ capture
//     │  ↓ receipt
//     └─ notify
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"
#include "turnstile/reply.h"

namespace cli {

struct TreeLine {
  std::string branch;                      ///< what is drawn before the name
  const turnstile::Reply* task = nullptr;  ///< of the flow that was given
};

/// All tasks of what FLOW.INFO answered, each once.
std::vector<TreeLine> tree_of(const turnstile::Reply& flow);

/// The whole answer for people: a summary, the tree, and why what did not go well.
std::string flow_text(const turnstile::Reply& flow, const Terminal& terminal);

}  // namespace cli
