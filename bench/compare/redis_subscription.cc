// See redis_subscription.h.
#include "redis_subscription.h"

#include <sys/socket.h>

#include <stdexcept>

namespace bench {

RedisSubscription::RedisSubscription(std::uint16_t port, const std::vector<std::string>& channels)
    : connection_(port) {
  for (const std::string& channel : channels) {
    channels_[channel];
    connection_.call({"SUBSCRIBE", channel});
  }
  thread_ = std::thread([this] { listen(); });
}

RedisSubscription::~RedisSubscription() {
  shutdown(connection_.file_descriptor(), SHUT_RDWR);
  thread_.join();
}

void RedisSubscription::wait(const std::string& channel, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  Channel& place = channels_.at(channel);
  if (place.arrived.wait_for(lock, patience, [&] { return place.messages > 0; })) {
    --place.messages;
  }
}

void RedisSubscription::listen() {
  try {
    for (;;) {
      const HiredisConnection::Reply message = connection_.read();
      if (message->type != REDIS_REPLY_ARRAY || message->elements != 3) continue;
      Channel* place = nullptr;
      {
        const std::lock_guard lock(mutex_);
        place = &channels_.at(std::string(text_of(*message->element[1])));
        ++place->messages;
      }
      place->arrived.notify_one();
    }
  } catch (const std::runtime_error&) {
    // The connection was shut down: whoever waits then still has his patience.
  }
}

}  // namespace bench
