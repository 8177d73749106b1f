// What is said in a scenario, as text.
//
// Replies come as the machine's structs or as bytes of the wire. Both are first
// turned into one tree, and only the tree into text, so that the rendering is
// defined once and the two ways of running a scenario can be compared. A
// refusal is a tree too: {error: "CODE sentence"}.
#pragma once

#include <string>
#include <string_view>

#include "command/reply.h"
#include "resp/value.h"

namespace scenario {

/// The machine's reply in the shape that the wire gives it.
command::Value tree_of(const command::Reply& reply);

/// A reply or a push as it came over the wire.
command::Value tree_of(const resp::Value& value);

/// One line, or several of which all but the first are indented.
std::string text_of(const command::Value& tree);

/// A notice: `token 2 lost, keys=acct/1 cause=expired`.
std::string text_of_notice(const std::string& kind, const command::Value& details);

/// The item of that name; null if the tree is no map or has none.
const command::Value* find(const command::Value& tree, std::string_view name);

}  // namespace scenario
