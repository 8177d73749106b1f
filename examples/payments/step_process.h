// One worker process of the second act as the driver sees it: which tasks it takes, and the
// pipes in both directions (step_worker_main.cc says what goes through them).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "process.h"

namespace payments {

/// How workers are started.
struct StepPlan {
  std::filesystem::path program;
  std::filesystem::path database;
  std::string server;
  int ttl_ms = 0;
};

/// A worker stands still in this attempt.
struct Standing {
  std::string step;
  std::string payment;
  std::uint64_t token = 0;
};

class StepProcess {
 public:
  StepProcess(const StepPlan& plan, int number, const std::vector<std::string>& tasks);

  int number() const { return number_; }
  Process& process() { return process_; }

  /// A line without its line feed. A worker that has just died does not read it.
  void say(std::string_view line);

  /// What it has said, if it has said anything yet; does not wait.
  std::optional<Standing> hear();

  /// It takes no further task, and ends when it has done what it has.
  void finish() { orders_ = Descriptor(); }

 private:
  int number_;
  Descriptor orders_;
  Descriptor answers_;
  Process process_;
  std::string unread_;
};

}  // namespace payments
