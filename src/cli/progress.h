// A line on the standard error that tells how far a long task is, on a terminal only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace cli {

/// Appears after a second, and then changes a few times a second; is wiped out at the end.
class Progress {
 public:
  /// `doing` is a participle: "replayed".
  explicit Progress(std::string doing);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::uint64_t entries);

 private:
  std::string doing_;
  bool is_on_;
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace cli
