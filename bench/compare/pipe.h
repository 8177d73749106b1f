// Requests sent many at a time: a worker locks several keys of its own, waits for all answers,
// unlocks them all and waits again.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "workloads.h"

namespace bench {

inline constexpr int kPipeDepth = 16;

/// One worker's connection. Not thread-safe. Both throw if one of the keys is refused.
class Pipe {
 public:
  virtual ~Pipe() = default;
  virtual void lock_all(const std::vector<std::string>& keys) = 0;
  virtual void unlock_all(const std::vector<std::string>& keys) = 0;
};

std::unique_ptr<Pipe> make_turnstile_pipe(std::uint16_t port);
std::unique_ptr<Pipe> make_redis_pipe(std::uint16_t port);

/// As run() of workloads.h, with the same figures; the pair of which one is the time of is that of
/// a whole batch.
Outcome run_pipes(std::span<const std::unique_ptr<Pipe>> pipes, const ProcessorTime& processor_time,
                  std::chrono::milliseconds length);

}  // namespace bench
