// docs/protocol.md, as far as it can be told by the tables themselves.
//
// The page in the tree is this string; a test compares the two and renews the
// file when told so. What belongs to no table (how to connect, what a push looks
// like) is prose in protocol_docs.cc.
#pragma once

#include <string>

namespace command {

/// The whole page, as Markdown that ends in a line break.
std::string protocol_docs();

}  // namespace command
