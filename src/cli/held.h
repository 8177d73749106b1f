// What `lock`, `sem` and `elect` have in common: getting something, running COMMAND
// while it is held, and giving it back.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "cli/program.h"
#include "turnstile/client.h"

namespace cli {

struct HeldOptions {
  std::string url;
  std::optional<std::chrono::milliseconds> wait;
  std::optional<std::chrono::milliseconds> ttl;
  std::optional<std::chrono::milliseconds> grace;
  int priority = 0;
  std::string note;
  std::string signal = "TERM";
};

/// What --help says of them all.
inline constexpr const char* kHeldRemarks =
    "COMMAND finds the fencing token in TURNSTILE_TOKEN and the keys, one a line, in\n"
    "TURNSTILE_KEYS. When the hold is lost, COMMAND and its children get --signal at\n"
    "once, SIGKILL after --grace, and the exit status is 76. Signals sent to turnstile\n"
    "are passed on; what is held is given back when COMMAND has ended.\n"
    "TIME is written 500ms, 10s, 2m, 1h or 1m30s.";

using Acquire = std::function<turnstile::Grant(turnstile::Client&, turnstile::AcquireOptions)>;

/// Runs what stands behind the two dashes while it holds what `acquire` gets. The exit status is
/// that of COMMAND, or one of ours. Throws what connecting and `acquire` throw.
int run_holding(const Program& program, const HeldOptions& options, const std::string& usage,
                Acquire acquire);

void add_held_options(CLI::App& app, HeldOptions& options);

}  // namespace cli
