// A subscription to the channels on which Redis locks are said to be released, shared by all
// workers of the process.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "hiredis_connection.h"

namespace bench {

/// Thread-safe. A message that comes while nobody waits lets the next one through at once, so
/// that none is lost between a refusal and the wait for its end.
class RedisSubscription {
 public:
  /// Returns when all channels are subscribed to.
  RedisSubscription(std::uint16_t port, const std::vector<std::string>& channels);
  ~RedisSubscription();
  RedisSubscription(const RedisSubscription&) = delete;
  RedisSubscription& operator=(const RedisSubscription&) = delete;

  /// Waits for a message on the channel that wakes nobody else, or until the time is over.
  void wait(const std::string& channel, std::chrono::milliseconds patience);

 private:
  struct Channel {
    int messages = 0;  ///< that nobody has taken yet
    std::condition_variable arrived;
  };

  void listen();

  HiredisConnection connection_;
  std::mutex mutex_;
  std::map<std::string, Channel> channels_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace bench
