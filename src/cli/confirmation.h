// Asking before something is done by hand that cannot be taken back.
#pragma once

#include <optional>
#include <string>

#include "cli/exit_status.h"

namespace cli {

/// Shows whom or what it concerns (whole lines) and asks. Nothing: it may be done; else with what
/// to exit. Without a terminal nothing is done unless `yes`.
std::optional<ExitStatus> ask(bool yes, const std::string& question, const std::string& concerned);

}  // namespace cli
