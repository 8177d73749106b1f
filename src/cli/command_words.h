// A journalled command as it stood on the wire, for dumps.
//
// To add a command: its function in command_words.cc or command_words_task.cc; the compiler asks
// for it.
#pragma once

#include <string>
#include <vector>

#include "command/command.h"

namespace cli {

/// What follows the command's name: `{"account/7", "WAIT", "10000"}`. Secrets are left out, and so
/// is what has its default value. For what the service says to itself, words that tell it.
std::vector<std::string> arguments_of(const command::Command& command);

}  // namespace cli
