// The subcommands. Each function adds one to the program.
#pragma once

#include "cli/program.h"

namespace cli {

void add_lock(Program& program);
void add_sem(Program& program);
void add_elect(Program& program);
void add_task(Program& program);
void add_work(Program& program);
void add_flow(Program& program);
void add_flows(Program& program);
void add_why(Program& program);
void add_redrive(Program& program);
void add_cancel(Program& program);
void add_event(Program& program);
void add_latch(Program& program);
void add_barrier(Program& program);
void add_ls(Program& program);
void add_info(Program& program);
void add_top(Program& program);
void add_revoke(Program& program);
void add_resolve(Program& program);
void add_sessions(Program& program);
void add_call(Program& program);
void add_journal(Program& program);
void add_check(Program& program);
void add_audit(Program& program);
void add_trace(Program& program);
void add_cluster(Program& program);

}  // namespace cli
