// The options that all requests for a grant have in common.
#pragma once

#include "command/command.h"
#include "command/parse_arguments.h"

namespace command {

/// Reads the value of the option if it is one of the terms; false if it is another.
bool read_term(Arguments& args, Option option, Terms& terms);

}  // namespace command
