// What `task` and `work` have in common: getting an attempt, running COMMAND for it, again.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "cli/flow/attempt_run.h"
#include "cli/interruptible.h"
#include "cli/program.h"
#include "turnstile/client.h"

namespace cli {

struct RunningOptions {
  std::string url;
  std::optional<std::chrono::milliseconds> wait;
  std::optional<std::chrono::milliseconds> ttl;
  std::optional<std::chrono::milliseconds> grace;
  int priority = 0;
  std::string note;
  std::string signal = "TERM";
  bool json_results = false;
};

/// What --help says of both.
inline constexpr const char* kRunningRemarks =
    "COMMAND reads what the predecessors left on its standard input: the result of a\n"
    "single one as it is, else JSON. What it writes to its standard output is the\n"
    "result. TURNSTILE_TOKEN, _FLOW, _TASK, _ATTEMPT, _INPUT, _CHECKPOINT and _STDIN\n"
    "(result, json or none) are in its environment. Its exit status decides: 0 the task\n"
    "is completed; 75 it shall be tried again; anything else it failed, for the reason\n"
    "on the last line of the standard error. If a signal ended it the outcome is\n"
    "unknown, and the attempt counts as lost. COMMAND is stopped as by `lock` when the\n"
    "task is lost, cancelled, or wanted by somebody of higher priority.\n"
    "TIME is written 500ms, 10s, 2m, 1h or 1m30s.";

void add_running_options(CLI::App& app, RunningOptions& options);

/// Gets attempts and runs COMMAND for them, on one connection and one session.
class Running {
 public:
  /// `program` is COMMAND's, for the name of the session. Nothing is asked of the server yet.
  Running(const RunningOptions& options, const std::vector<std::string>& command);

  /// Gets an attempt, or is interrupted. The first one connects. Throws what connecting and `get`
  /// throw.
  using Get = std::function<turnstile::Attempt(turnstile::Client&, std::stop_token)>;
  std::variant<turnstile::Attempt, Interrupted> get(Get get);

  /// Runs COMMAND. `extends` and `inherits_input` as in AttemptRules.
  AttemptReport run(turnstile::Attempt attempt, bool extends, bool inherits_input);

  /// The signal that asked this process to end while COMMAND ran, if one did.
  std::optional<int> asked_to_end() const { return asked_to_end_; }

  /// Only after get() has returned an attempt.
  turnstile::Client& client() { return **client_; }

 private:
  InheritedFiles inherited_;
  SignalQueue signals_;
  std::string url_;
  turnstile::Options options_;
  AttemptRules rules_;
  /// Shared with a wait that may outlive this; empty before the first connection.
  std::shared_ptr<std::optional<turnstile::Client>> client_;
  std::optional<int> asked_to_end_;
};

/// Ends this process by the signal, or returns the status for it.
int end_by(int signal);

}  // namespace cli
