// SET NX PX with a value of one's own; a script deletes the key if it still has that value.
#include "redis_locker.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "hiredis_connection.h"
#include "pipe.h"
#include "pipe_connection.h"
#include "redis_subscription.h"

namespace bench {
namespace {

constexpr std::string_view kLeaseMs = "30000";
/// Lock clients pause for 50 to 250 ms. Shorter pauses are better for Redis here: the key is free
/// for less of the time and the waits are shorter.
constexpr int kPauseMinUs = 500;
constexpr int kPauseMaxUs = 2500;
/// A message may be missed, so nobody waits for one for ever.
constexpr auto kMessagePatience = std::chrono::seconds(1);

constexpr std::string_view kRelease =
    "if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end "
    "return redis.call('del', KEYS[1])";
constexpr std::string_view kReleaseAndTell =
    "if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end "
    "redis.call('del', KEYS[1]) redis.call('publish', KEYS[2], '0') return 1";

/// No two values of all workers are the same.
std::string next_value() {
  static std::atomic<std::uint64_t> next = 1;
  return fmt::format("{}:{:016x}", getpid(), next++);
}

std::string loaded(HiredisConnection& connection, std::string_view script) {
  return std::string(text_of(*connection.call({"SCRIPT", "LOAD", script})));
}

void check_deleted(const redisReply& reply) {
  if (reply.type != REDIS_REPLY_INTEGER || reply.integer != 1) {
    throw std::runtime_error("the key was not held any more");
  }
}

class RedisLocker final : public Locker {
 public:
  explicit RedisLocker(std::uint16_t port)
      : connection_(port),
        release_(loaded(connection_, kRelease)),
        random_(std::random_device()()) {}

  std::uint64_t lock(const std::string& key) override {
    key_ = key;
    value_ = next_value();
    while (connection_.call({"SET", key_, value_, "NX", "PX", kLeaseMs})->type == REDIS_REPLY_NIL) {
      std::this_thread::sleep_for(std::chrono::microseconds(pause_us_(random_)));
    }
    return kNoToken;
  }

  void unlock() override {
    check_deleted(*connection_.call({"EVALSHA", release_, "1", key_, value_}));
  }

 private:
  HiredisConnection connection_;
  const std::string release_;
  std::minstd_rand random_;
  std::uniform_int_distribution<int> pause_us_{kPauseMinUs, kPauseMaxUs};
  std::string key_;
  std::string value_;
};

class RedisPubsubLocker final : public Locker {
 public:
  RedisPubsubLocker(std::uint16_t port, std::shared_ptr<RedisSubscription> subscription)
      : connection_(port),
        release_(loaded(connection_, kReleaseAndTell)),
        subscription_(std::move(subscription)) {}

  std::uint64_t lock(const std::string& key) override {
    key_ = key;
    value_ = next_value();
    while (connection_.call({"SET", key_, value_, "NX", "PX", kLeaseMs})->type == REDIS_REPLY_NIL) {
      subscription_->wait(channel_of(key_), kMessagePatience);
    }
    return kNoToken;
  }

  void unlock() override {
    check_deleted(*connection_.call({"EVALSHA", release_, "2", key_, channel_of(key_), value_}));
  }

  static std::string channel_of(const std::string& key) { return "released:" + key; }

 private:
  HiredisConnection connection_;
  const std::string release_;
  const std::shared_ptr<RedisSubscription> subscription_;
  std::string key_;
  std::string value_;
};

class RedisPipe final : public Pipe {
 public:
  explicit RedisPipe(std::uint16_t port) : connection_(port) {
    HiredisConnection once(port);
    release_ = loaded(once, kRelease);
  }

  void lock_all(const std::vector<std::string>& keys) override {
    values_.clear();
    for (const std::string& key : keys) {
      values_.push_back(next_value());
      connection_.append({"SET", key, values_.back(), "NX", "PX", kLeaseMs});
    }
    connection_.flush();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (connection_.read() != "+OK\r\n") throw std::runtime_error("a key of one's own was held");
    }
  }

  void unlock_all(const std::vector<std::string>& keys) override {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      connection_.append({"EVALSHA", release_, "1", keys[i], values_[i]});
    }
    connection_.flush();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (connection_.read() != ":1\r\n") throw std::runtime_error("the key was not held any more");
    }
  }

 private:
  PipeConnection connection_;
  std::string release_;
  std::vector<std::string> values_;
};

}  // namespace

std::unique_ptr<Locker> make_redis_locker(std::uint16_t port) {
  return std::make_unique<RedisLocker>(port);
}

std::vector<std::unique_ptr<Locker>> make_redis_pubsub_lockers(std::uint16_t port, int workers,
                                                               int keys) {
  std::vector<std::string> channels;
  for (int i = 0; i < keys; ++i) {
    channels.push_back(RedisPubsubLocker::channel_of(shared_key_name(i)));
  }
  const auto subscription = std::make_shared<RedisSubscription>(port, channels);
  std::vector<std::unique_ptr<Locker>> lockers;
  for (int i = 0; i < workers; ++i) {
    lockers.push_back(std::make_unique<RedisPubsubLocker>(port, subscription));
  }
  return lockers;
}

std::unique_ptr<Pipe> make_redis_pipe(std::uint16_t port) {
  return std::make_unique<RedisPipe>(port);
}

}  // namespace bench
