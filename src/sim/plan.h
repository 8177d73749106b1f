// What one seed is about: which faults its world has, how hard they come, and
// how narrow the limits of its service are. Drawing a subset for each seed finds
// more than all faults everywhere: some hide each other.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "command/command.h"
#include "sim/chance.h"

namespace sim {

/// Every kind of fault there is, with its name in reports.
// clang-format off
#define TURNSTILE_SIM_FAULTS(X)                                          \
  X(Kill, "the server is killed between two steps")                      \
  X(KillInCall, "the server is killed inside a call to the disk")        \
  X(KillInRecovery, "the server is killed while it recovers")            \
  X(PowerLoss, "power is lost: unsynced writes and names are gone")      \
  X(TornWrite, "a write is torn: some of its sectors are there")         \
  X(LostName, "a change of the directory was not synced and is gone")    \
  X(BitFlip, "a bit on the disk changes while the server is down")       \
  X(DiskError, "a call to the disk fails")                               \
  X(DiskFull, "the disk is full")                                        \
  X(SlowDisk, "a sync takes long")                                       \
  X(ServerPause, "the server stands still")                              \
  X(ServerFreeze, "the server's machine stands still, clock and all")    \
  X(ClientPause, "a client stands still")                                \
  X(ClientFreeze, "a client's machine stands still, clock and all")      \
  X(ClientKill, "a client dies")                                         \
  X(WallJump, "the server's wall clock jumps")                           \
  X(ClockRate, "a clock runs fast or slow")                              \
  X(Delay, "bytes arrive late")                                          \
  X(Fragment, "bytes arrive in small pieces")                            \
  X(Reset, "a connection breaks")                                        \
  X(HalfOpen, "a connection breaks, and one side does not hear of it")   \
  X(Partition, "nothing passes between a client and the server")         \
  X(SlowReader, "a client does not read")                                \
  X(Garbage, "a client sends what is no request")                        \
  X(Compaction, "the journal is compacted")                              \
  X(Shutdown, "the server is stopped in good order and started again")
// clang-format on

enum class Fault : std::uint8_t {
#define TURNSTILE_SIM_FAULT(name, what) name,
  TURNSTILE_SIM_FAULTS(TURNSTILE_SIM_FAULT)
#undef TURNSTILE_SIM_FAULT
};

inline constexpr std::array<std::string_view, 26> kFaultNames = {
#define TURNSTILE_SIM_FAULT(name, what) #name,
    TURNSTILE_SIM_FAULTS(TURNSTILE_SIM_FAULT)
#undef TURNSTILE_SIM_FAULT
};
inline constexpr std::size_t kFaultCount = kFaultNames.size();

/// What the clients of a world are busy with.
enum class Work : std::uint8_t { Locks, Tasks, Both };

struct Plan {
  /// The plan of a seed.
  static Plan of(std::uint64_t seed);

  bool has(Fault fault) const { return faults[static_cast<std::size_t>(fault)]; }

  std::uint64_t seed = 0;
  std::array<bool, kFaultCount> faults{};
  Work work = Work::Locks;
  command::Rules rules;
  std::uint64_t segment_bytes = 0;
  base::Duration chaos;          ///< how long faults go on
  base::Duration fault_gap;      ///< between two faults, on the average
  base::Duration latency;        ///< of the network, at least
  base::Duration sync;           ///< how long a sync takes, at least
  bool loop_syncs = false;       ///< the server's loop hears nothing meanwhile
  base::Duration ttl;            ///< of the clients' sessions
  std::uint64_t recorders = 0;   ///< clients that speak the protocol by themselves
  std::uint64_t operations = 0;  ///< of each recorder
  std::uint64_t library_clients = 0;
  std::uint64_t tasks_of_work = 0;  ///< rounds of each library client
  std::uint64_t names = 0;          ///< locks, flows and so on that they quarrel about
};

}  // namespace sim
