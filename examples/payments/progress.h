// Shows how far a run is: a bar that is redrawn on a terminal, a line every tenth
// of the way elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace payments {

class Progress {
 public:
  /// `meetings` is the word for payments that met on an account: "waits", "collisions".
  Progress(std::FILE* out, std::string title, std::int64_t total, std::string meetings);

  /// Cheap enough to be called all the time.
  void update(std::int64_t done, std::int64_t meeting_count);

  /// Something worth a line of its own.
  void note(const std::string& text);

  /// The run has ended: the last state stays.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  std::string line() const;
  void draw();

  std::FILE* out_;
  std::string title_;
  std::int64_t total_;
  std::string meetings_;
  bool is_terminal_;
  Clock::time_point started_ = Clock::now();
  Clock::time_point drawn_ = {};
  std::int64_t done_ = 0;
  std::int64_t meeting_count_ = 0;
  std::int64_t tenths_shown_ = 0;
};

}  // namespace payments
