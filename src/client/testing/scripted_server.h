// For tests: a conversation in a world of its own, where the test plays the
// server, the network and the clock. Time passes only when the test says so.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/conversation/conversation.h"
#include "resp/parser.h"

namespace turnstile::client {

inline base::Duration ms(std::int64_t n) { return base::Duration::from_ms(n); }

inline std::string bulk(std::string_view text) {
  return fmt::format("${}\r\n{}\r\n", text.size(), text);
}
inline std::string integer(std::int64_t n) { return fmt::format(":{}\r\n", n); }
inline std::string granted(std::int64_t token, std::int64_t lease = 10'000,
                           std::int64_t waited = 0) {
  return "%3\r\n" + bulk("token") + integer(token) + bulk("lease") + integer(lease) +
         bulk("waited") + integer(waited);
}
inline std::string opened(std::int64_t id, std::int64_t ttl = 10'000) {
  return "%3\r\n" + bulk("id") + integer(id) + bulk("secret") + bulk("s3cret") + bulk("ttl") +
         integer(ttl);
}
inline std::string kept(std::int64_t ttl = 10'000) {
  return "%2\r\n" + bulk("ttl") + integer(ttl) + bulk("notices") + "*0\r\n";
}
inline std::string push(std::string_view ticket, std::string_view outcome) {
  return ">3\r\n" + bulk("turnstile") + bulk(ticket) + std::string(outcome);
}
inline std::string lost_notice(std::int64_t token) {
  return ">3\r\n" + bulk("turnstile-notice") + bulk("lost") + "%1\r\n" + bulk("token") +
         integer(token);
}
/// A grant as ATTACH lists it; request 0 is null.
inline std::string listed_grant(std::int64_t token, std::string_view key, std::int64_t request,
                                std::int64_t lease = 10'000) {
  return "%5\r\n" + bulk("token") + integer(token) + bulk("keys") + "*1\r\n" + bulk(key) +
         bulk("lease") + integer(lease) + bulk("request") +
         (request == 0 ? "_\r\n" : integer(request)) + bulk("ticket") + "_\r\n";
}
inline std::string listed_wait(std::string_view ticket, std::string_view key,
                               std::int64_t request) {
  return "%4\r\n" + bulk("ticket") + bulk(ticket) + bulk("request") + integer(request) +
         bulk("keys") + "*1\r\n" + bulk(key) + bulk("wait") + integer(1'000);
}
inline std::string attached(const std::vector<std::string>& grants = {},
                            const std::vector<std::string>& waits = {}) {
  std::string out = "%4\r\n" + bulk("id") + integer(7) + bulk("ttl") + integer(10'000);
  out += bulk("grants") + fmt::format("*{}\r\n", grants.size());
  for (const auto& grant : grants) out += grant;
  out += bulk("waits") + fmt::format("*{}\r\n", waits.size());
  for (const auto& wait : waits) out += wait;
  return out;
}

inline constexpr std::string_view kHelloReply = "%1\r\n$5\r\nproto\r\n:3\r\n";
inline constexpr std::string_view kQueued = "+QUEUED\r\n";

/// A call that was started, and what has become of it.
struct Call {
  OperationPtr operation;
  std::shared_ptr<std::optional<Outcome>> outcome = std::make_shared<std::optional<Outcome>>();

  bool is_done() const { return outcome->has_value(); }
  bool failed_with(ErrorCode code) const {
    return is_done() && (*outcome)->error && (*outcome)->error->code() == code;
  }
  const Error& error() const { return *(*outcome)->error; }
  std::shared_ptr<Hold> hold() const { return is_done() ? (*outcome)->hold : nullptr; }
};

class World {
 public:
  struct Options {
    std::int64_t ttl_ms = 10'000;
    std::int64_t patience_ms = 5'000;
    std::size_t endpoints = 1;
    bool has_session = true;
  };

  World() : World(Options()) {}
  explicit World(Options options)
      : conversation(
            {.endpoints = make_endpoints(options.endpoints),
             .who = {.name = "test", .user = "", .password = ""},
             .ttl = ms(options.ttl_ms),
             .patience = ms(options.patience_ms),
             .seed = 1,
             .has_session = options.has_session},
            {.on_session = [this](auto life) { session = std::move(life); },
             .on_notice = [this](auto kind, const auto&) { notices.emplace_back(kind); }}) {
    conversation.on_time(now);
  }

  // --- calls

  Call start(OperationPtr operation) {
    Call call{.operation = operation};
    operation->done = [outcome = call.outcome](Outcome o) {
      EXPECT_FALSE(outcome->has_value()) << "a call has two outcomes";
      *outcome = std::move(o);
    };
    conversation.start(now, operation);
    check();
    return call;
  }
  Call lock(std::string key, AcquireOptions options = {}) {
    return start(make_acquire({Key(std::move(key))}, std::move(options), true));
  }
  Call try_lock(std::string key, AcquireOptions options = {}) {
    return start(make_acquire({Key(std::move(key))}, std::move(options), false));
  }
  Call release(const std::shared_ptr<Hold>& hold) {
    hold->is_over = true;
    return start(make_release(hold));
  }
  void cancel(const Call& call) {
    conversation.cancel(now, call.operation);
    check();
  }

  // --- time

  /// Lets time pass while the client's process runs: it is woken whenever it asked to be.
  void advance(base::Duration duration) {
    const auto until = now + duration;
    while (conversation.next_deadline() <= until) {
      now = std::max(now, conversation.next_deadline());
      conversation.on_time(now);
      check();
    }
    now = until;
  }
  /// Lets time pass while the client's process stands still.
  void pause(base::Duration duration) { now = now + duration; }
  void wake() {
    conversation.on_time(now);
    check();
  }

  // --- the network

  /// Makes the connection that the client wants; fails the test if it wants none by then.
  void connect() {
    for (int i = 0; i < 100 && conversation.wanted_connection() == 0; ++i) advance(ms(20));
    ASSERT_NE(conversation.wanted_connection(), 0U);
    requests_ = std::make_unique<resp::Parser>();
    received_.clear();
    conversation.on_connected(now);
    check();
  }
  void disconnect() {
    conversation.on_disconnected(now, "connection reset");
    check();
  }
  void send(std::string_view bytes) {
    conversation.on_bytes(now, bytes);
    check();
  }

  // --- the server

  /// The next request as one line; empty if there is none.
  std::string next() {
    listen();
    if (received_.empty()) return {};
    auto line = std::move(received_.front());
    received_.pop_front();
    return line;
  }
  /// Expects this request and answers it.
  void serve(std::string_view request, std::string_view answer) {
    ASSERT_EQ(next(), request);
    send(answer);
  }
  void open_session(std::int64_t id = 7, std::int64_t ttl = 10'000) {
    connect();
    serve("HELLO 3", kHelloReply);
    serve(fmt::format("SESSION.OPEN TTL {} NAME test", ttl), opened(id, ttl));
  }
  /// Breaks the connection and attaches over a new one.
  void reconnect(std::string_view answer) {
    disconnect();
    attach(answer);
  }
  void attach(std::string_view answer) {
    connect();
    serve("HELLO 3", kHelloReply);
    serve("SESSION.ATTACH 7 s3cret", answer);
    serve("SESSION.KEEPALIVE", kept());
  }
  /// Locks a key in the open session, over a healthy connection.
  std::shared_ptr<Hold> hold(std::string_view key, std::int64_t token) {
    const auto call = try_lock(std::string(key));
    EXPECT_TRUE(next().starts_with(fmt::format("LOCK.ACQUIRE {}", key)));
    send(granted(token));
    EXPECT_TRUE(call.hold());
    return call.hold();
  }

  Conversation conversation;
  base::Time now = base::Time::from_us(1'000'000'000);
  std::shared_ptr<SessionLife> session;
  std::vector<std::string> notices;

 private:
  static std::vector<Endpoint> make_endpoints(std::size_t count) {
    std::vector<Endpoint> endpoints;
    for (std::size_t i = 0; i < count; ++i) endpoints.push_back({.host = fmt::format("h{}", i)});
    return endpoints;
  }

  /// A deadline that is not in the future would have the shell spin.
  void check() { EXPECT_GT(conversation.next_deadline(), now); }

  void listen() {
    if (!requests_) return;
    requests_->feed(conversation.take_output());
    while (const auto request = requests_->next()) {
      std::string line;
      for (const auto word : *request) line += (line.empty() ? "" : " ") + std::string(word);
      received_.push_back(std::move(line));
    }
    EXPECT_EQ(requests_->error(), "");
  }

  std::unique_ptr<resp::Parser> requests_;
  std::deque<std::string> received_;
};

}  // namespace turnstile::client
