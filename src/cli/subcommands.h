// The subcommands, one a file. Each function adds one to the program.
#pragma once

#include "cli/program.h"

namespace cli {

void add_lock(Program& program);
void add_sem(Program& program);
void add_elect(Program& program);
void add_ls(Program& program);
void add_info(Program& program);
void add_top(Program& program);
void add_revoke(Program& program);
void add_resolve(Program& program);
void add_sessions(Program& program);
void add_call(Program& program);
void add_journal(Program& program);

}  // namespace cli
