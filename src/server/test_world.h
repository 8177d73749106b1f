// A server's core without I/O for tests: a clock that stands still until it is
// told, a journal that becomes durable when it is told, and conversations.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/conversation.h"
#include "server/hub.h"
#include "server/pipeline.h"

namespace server {

class TestClock final : public Clock {
 public:
  base::Time monotonic() const override { return now; }
  base::Time wall() const override {
    return now + base::Duration::from_seconds(1'700'000'000) + wall_jump;
  }
  base::Time now = base::Time::from_us(1'000'000);
  base::Duration wall_jump;  ///< by how much somebody has set the wall clock
};

/// Holds each batch until finish() says what came of it.
class TestAppender final : public Appender {
 public:
  void start(const journal::Batch& batch, Done done) override {
    ASSERT_FALSE(done_) << "two batches are under way at once";
    counts.push_back(batch.count());
    done_ = std::move(done);
  }
  void confirm(Done done) override {
    ASSERT_FALSE(done_) << "a confirmation while a batch is under way";
    ++confirmations;
    done_ = std::move(done);
  }
  bool is_busy() const { return static_cast<bool>(done_); }
  void finish(const base::Result<void>& result = {}) {
    ASSERT_TRUE(done_);
    std::exchange(done_, {})(result);
  }
  std::vector<std::size_t> counts;  ///< records in each batch so far
  int confirmations = 0;

 private:
  Done done_;
};

class TestWorld {
 public:
  TestWorld()
      : pipeline(machine, clock, {}, 1, appender,
                 [this](const base::Error& error) { failure = error; }),
        hub(pipeline),
        service{pipeline,
                hub,
                {},
                [](std::span<unsigned char> bytes) { std::fill(bytes.begin(), bytes.end(), 7); },
                [](std::span<const std::string>) { return std::string("# Test\r\n"); }} {
    pipeline.set_event_sink(hub);
  }

  std::shared_ptr<Conversation> connect() {
    auto conversation = std::make_shared<Conversation>(service, "test");
    hub.add(conversation);
    return conversation;
  }

  /// One turn of the event loop: `from` sends a line as a person would type it.
  void send(Conversation& from, std::string line) {
    line += "\r\n";
    const auto room = from.prepare();
    ASSERT_LE(line.size(), room.size());
    std::copy(line.begin(), line.end(), room.begin());
    from.commit(line.size());
    turn();
  }
  void turn() {
    hub.settle();
    pipeline.flush();
  }
  /// Makes everything durable.
  void sync() {
    while (appender.is_busy()) {
      appender.finish();
      turn();
    }
  }
  /// Takes what the conversation may send.
  static std::string take(Conversation& from) {
    std::string text(from.output());
    from.sent(text.size());
    return text;
  }
  std::string ask(Conversation& from, const std::string& line) {
    send(from, line);
    sync();
    return take(from);
  }
  /// The loop turns all the while.
  void advance(base::Duration time) {
    constexpr base::Duration kLook = base::Duration::from_ms(250);
    for (; time > kLook; time = time - kLook) {
      clock.now = clock.now + kLook;
      pipeline.tick();
    }
    clock.now = clock.now + time;
    pipeline.tick();
    turn();
  }

  TestClock clock;
  TestAppender appender;
  state::Machine machine;
  std::optional<base::Error> failure;
  Pipeline pipeline;
  Hub hub;
  Service service;
};

}  // namespace server
