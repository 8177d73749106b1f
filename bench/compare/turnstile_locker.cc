// Turnstile through hiredis: a connection and a session for each worker.
#include "turnstile_locker.h"

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hiredis_connection.h"
#include "pipe.h"
#include "pipe_connection.h"

namespace bench {
namespace {

/// Longer than any measurement: nobody renews the session.
constexpr std::string_view kSessionTtlMs = "3600000";
/// Longer than any wait here ought to be; a worker that waits longer makes the run fail.
constexpr std::string_view kWaitMs = "60000";

/// Of the pairs that a grant is in RESP2.
std::uint64_t token_in(const redisReply& grant) {
  for (std::size_t i = 0; grant.type == REDIS_REPLY_ARRAY && i + 1 < grant.elements; i += 2) {
    const redisReply& value = *grant.element[i + 1];
    if (text_of(*grant.element[i]) == "token" && value.type == REDIS_REPLY_INTEGER) {
      return static_cast<std::uint64_t>(value.integer);
    }
  }
  throw std::runtime_error("LOCK.ACQUIRE: no token");
}

void check_released(const redisReply& reply) {
  if (reply.type != REDIS_REPLY_INTEGER || reply.integer != 1) {
    throw std::runtime_error("LOCK.RELEASE: not held any more");
  }
}

class TurnstileLocker final : public Locker {
 public:
  explicit TurnstileLocker(std::uint16_t port) : connection_(port) {
    connection_.call({"SESSION.OPEN", "TTL", kSessionTtlMs, "ONCLOSE", "END"});
  }

  std::uint64_t lock(const std::string& key) override {
    const std::uint64_t token = token_in(*connection_.call({"LOCK.ACQUIRE", key, "WAIT", kWaitMs}));
    key_ = key;
    token_ = std::to_string(token);
    return token;
  }

  void unlock() override { check_released(*connection_.call({"LOCK.RELEASE", key_, token_})); }

 private:
  HiredisConnection connection_;
  std::string key_;
  std::string token_;
};

/// Of a grant as its bytes are; the token comes first.
std::string token_in(std::string_view grant) {
  constexpr std::string_view kBefore = "*6\r\n$5\r\ntoken\r\n:";
  if (!grant.starts_with(kBefore)) throw std::runtime_error("LOCK.ACQUIRE: no token");
  grant.remove_prefix(kBefore.size());
  return std::string(grant.substr(0, grant.find('\r')));
}

class TurnstilePipe final : public Pipe {
 public:
  explicit TurnstilePipe(std::uint16_t port) : connection_(port) {
    connection_.call({"SESSION.OPEN", "TTL", kSessionTtlMs, "ONCLOSE", "END"});
  }

  void lock_all(const std::vector<std::string>& keys) override {
    tokens_.resize(keys.size());
    for (const std::string& key : keys) {
      connection_.append({"LOCK.ACQUIRE", key, "WAIT", kWaitMs});
    }
    connection_.flush();
    for (std::string& token : tokens_) token = token_in(connection_.read());
  }

  void unlock_all(const std::vector<std::string>& keys) override {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      connection_.append({"LOCK.RELEASE", keys[i], tokens_[i]});
    }
    connection_.flush();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (connection_.read() != ":1\r\n")
        throw std::runtime_error("LOCK.RELEASE: not held any more");
    }
  }

 private:
  PipeConnection connection_;
  std::vector<std::string> tokens_;
};

}  // namespace

std::unique_ptr<Locker> make_turnstile_locker(std::uint16_t port) {
  return std::make_unique<TurnstileLocker>(port);
}

std::unique_ptr<Pipe> make_turnstile_pipe(std::uint16_t port) {
  return std::make_unique<TurnstilePipe>(port);
}

}  // namespace bench
