// The subcommands, one a file. Each function adds one to the program.
#pragma once

#include "cli/program.h"

namespace cli {

void add_lock(Program& program);
void add_ls(Program& program);
void add_info(Program& program);
void add_sessions(Program& program);
void add_call(Program& program);
void add_journal(Program& program);

}  // namespace cli
