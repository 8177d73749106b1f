// What a process of a ring hands on its results with, whatever the service between the processes:
// a task of a flow, a queue, a list. The place `p` of a ring takes what hand-off `n - 1` carried
// and hands on number `n`, for every n with n mod kRingSize = p; number 0 is taken from nobody.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace bench {

inline constexpr int kRingSize = 8;

/// Longer than any wait in a ring ought to be; who waits longer makes the run fail.
inline constexpr std::chrono::milliseconds kRingPatience = std::chrono::minutes(2);

/// One end of the line, of one process. Not thread-safe. All throw if the service fails or
/// refuses, and take() if nothing comes.
class Baton {
 public:
  virtual ~Baton() = default;

  /// Waits for what hand-off `number` carries.
  virtual std::string take(std::uint64_t number) = 0;

  /// Gives `result` to the successor as hand-off `number`, and ends what was taken before; the
  /// two are one step where the service can do that.
  virtual void hand_on(std::uint64_t number, const std::string& result) = 0;

  /// After the last: waits until what was handed on is as safe as it will be.
  virtual void finish() {}
};

/// Through flows and tasks: each process joins its task before the predecessor's has completed,
/// is handed its result, and completes its own.
std::unique_ptr<Baton> make_task_baton(std::uint16_t port, const std::string& ring);

}  // namespace bench
