// The words for what FLOW.INFO and FLOW.LIST tell, the same in every table.
#pragma once

#include <string>

#include "cli/table.h"
#include "turnstile/reply.h"

namespace cli {

/// The state of a task or a flow, in the colour of its meaning.
Cell flow_state_cell(const turnstile::Reply& map);

/// How often it was tried, `2 of 5`; empty before the first attempt, and for one of one.
std::string attempts_text(const turnstile::Reply& task);

/// In a few words what the task waits for, or who runs it, or how long it took.
std::string task_detail(const turnstile::Reply& flow, const turnstile::Reply& task);

/// Whether the task's state wants an explanation: failed, dead, skipped, cancelled.
bool ended_badly(const turnstile::Reply& task);

}  // namespace cli
