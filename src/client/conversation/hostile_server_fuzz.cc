// Any bytes as a server: replies that are nearly right, in any order, with
// connections that break and time that jumps between them. Nothing of it crashes the
// client, gives a call two outcomes, passes for a grant without a token, or keeps a
// caller waiting once the client is closed.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "client/conversation/conversation.h"

namespace {

using namespace turnstile::client;  // NOLINT: the whole file is about it
using base::Duration;
using base::Time;

/// What a server says; # is a number that the input chooses, and @ the number of the latest
/// connection's request.
constexpr std::array<std::string_view, 24> kPhrases = {
    "%1\r\n$5\r\nproto\r\n:3\r\n",
    "%3\r\n$2\r\nid\r\n:#\r\n$6\r\nsecret\r\n$6\r\ns3cret\r\n$3\r\nttl\r\n:10000\r\n",
    "%3\r\n$2\r\nid\r\n:#\r\n$6\r\nsecret\r\n$0\r\n\r\n$3\r\nttl\r\n:#\r\n",
    "%2\r\n$3\r\nttl\r\n:10000\r\n$7\r\nnotices\r\n*0\r\n",
    "%3\r\n$5\r\ntoken\r\n:#\r\n$5\r\nlease\r\n:10000\r\n$6\r\nwaited\r\n:0\r\n",
    "%3\r\n$5\r\ntoken\r\n:#\r\n$5\r\nlease\r\n:#\r\n$6\r\nwaited\r\n:#\r\n",
    "+QUEUED\r\n",
    "+OK\r\n",
    ":#\r\n",
    "_\r\n",
    ">3\r\n$9\r\nturnstile\r\n$1\r\n@\r\n%3\r\n$5\r\ntoken\r\n:#\r\n$5\r\nlease\r\n:10000\r\n"
    "$6\r\nwaited\r\n:5\r\n",
    ">3\r\n$9\r\nturnstile\r\n$1\r\n@\r\n-BUSY the wait has ended\r\n",
    ">3\r\n$9\r\nturnstile\r\n$1\r\n@\r\n+OK\r\n",
    ">3\r\n$16\r\nturnstile-notice\r\n$4\r\nlost\r\n%1\r\n$5\r\ntoken\r\n:#\r\n",
    ">3\r\n$16\r\nturnstile-notice\r\n$7\r\npreempt\r\n%2\r\n$5\r\ntoken\r\n:#\r\n$5\r\ngrace\r\n"
    ":100\r\n",
    ">3\r\n$16\r\nturnstile-notice\r\n$4\r\nlost\r\n%1\r\n$7\r\nsession\r\n:#\r\n",
    "%4\r\n$2\r\nid\r\n:#\r\n$3\r\nttl\r\n:10000\r\n$6\r\ngrants\r\n*1\r\n%5\r\n$5\r\ntoken\r\n:#"
    "\r\n$4\r\nkeys\r\n*1\r\n$1\r\na\r\n$5\r\nlease\r\n:9000\r\n$7\r\nrequest\r\n:#\r\n"
    "$6\r\nticket\r\n_\r\n$5\r\nwaits\r\n*0\r\n",
    "%4\r\n$2\r\nid\r\n:#\r\n$3\r\nttl\r\n:10000\r\n$6\r\ngrants\r\n*0\r\n$5\r\nwaits\r\n*1\r\n"
    "%4\r\n$6\r\nticket\r\n$1\r\n@\r\n$7\r\nrequest\r\n:#\r\n$4\r\nkeys\r\n*1\r\n$1\r\na\r\n"
    "$4\r\nwait\r\n:1000\r\n",
    "%9\r\n$4\r\nflow\r\n$1\r\nf\r\n$4\r\ntask\r\n$1\r\nt\r\n$7\r\nattempt\r\n:1\r\n$5\r\ntoken\r\n"
    ":#\r\n$7\r\ntimeout\r\n:9000\r\n$6\r\nwaited\r\n:0\r\n$5\r\ninput\r\n_\r\n$"
    "10\r\ncheckpoint\r\n"
    "_\r\n$7\r\nresults\r\n*0\r\n",
    "-NOSESSION it has ended\r\n",
    "-UNAVAILABLE not now\r\n",
    "-MOVED 0 other:7717\r\n",
    "-LOST the grant has ended\r\n",
    "-STALE token # is not the newest\r\n",
};

/// The input, byte by byte; zeros when it is used up.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}
  bool is_over() const { return rest_.empty(); }
  std::uint64_t next(std::uint64_t count) {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return byte % count;
  }
  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view rest_;
};

/// A client, what it was asked for, and the server that the input plays.
class Talk {
 public:
  explicit Talk(Bytes bytes) : bytes_(bytes) { conversation_.on_time(now_); }

  void run() {
    for (int step = 0; step < kStepsMax && !bytes_.is_over(); ++step) {
      act();
      // What is written is the shell's; it must not grow without end in between.
      CHECK_LT(conversation_.take_output().size(), kOutputMax);
    }
    end();
  }

 private:
  static constexpr int kStepsMax = 300;
  static constexpr int kTurnsMax = 10'000;
  static constexpr std::size_t kOutputMax = 1 << 20;

  void act() {
    switch (bytes_.next(12)) {
      case 0:
      case 1: return connect();
      case 2: return disconnect();
      case 3: return advance();
      case 4: return acquire();
      case 5: return ask();
      case 6: return use_hold();
      case 7:
        if (!calls_.empty()) conversation_.cancel(now_, calls_[bytes_.next(calls_.size())]);
        return;
      case 8: return say(bytes_.take(1 + bytes_.next(40)));
      default: return say(phrase());
    }
  }

  void connect() {
    if (connected_ == conversation_.wanted_connection()) return;
    connected_ = conversation_.wanted_connection();
    if (connected_ != 0) conversation_.on_connected(now_);
  }

  void disconnect() {
    const std::uint64_t wanted = conversation_.wanted_connection();
    if (wanted == 0) return;
    connected_ = 0;
    conversation_.on_disconnected(now_, "it broke");
  }

  void advance() {
    now_ = now_ + Duration::from_ms(static_cast<std::int64_t>(1 << bytes_.next(15)));
    conversation_.on_time(now_);
  }

  void say(std::string_view words) {
    if (connected_ == 0 || connected_ != conversation_.wanted_connection()) return;
    conversation_.on_bytes(now_, words);
  }

  std::string phrase() {
    std::string text;
    for (const char c : kPhrases[bytes_.next(kPhrases.size())]) {
      if (c == '#') {
        text += std::to_string(bytes_.next(8));
      } else if (c == '@') {
        text += static_cast<char>('0' + bytes_.next(8));
      } else {
        text += c;
      }
    }
    return text;
  }

  void start(OperationPtr operation) {
    const std::size_t number = ended_.size();
    ended_.push_back(false);
    operation->done = [this, number](const Outcome& outcome) {
      CHECK(!ended_[number]);
      ended_[number] = true;
      if (!outcome.hold) return;
      CHECK(!outcome.error);
      CHECK_NE(outcome.hold->token.load(), 0U);
      holds_.push_back(outcome.hold);
    };
    calls_.push_back(operation);
    conversation_.start(now_, std::move(operation));
  }

  turnstile::AcquireOptions options() {
    turnstile::AcquireOptions options;
    if (bytes_.next(2) == 1) {
      options.wait = turnstile::Milliseconds(static_cast<std::int64_t>(1 + 100 * bytes_.next(100)));
    }
    if (bytes_.next(4) == 1) options.lease = turnstile::Milliseconds(500);
    options.shared = bytes_.next(4) == 1;
    return options;
  }

  void acquire() {
    const bool waits = bytes_.next(2) == 1;
    switch (bytes_.next(4)) {
      case 0: return start(make_sem_acquire("s", 3, 1, options(), waits));
      case 1: return start(make_campaign("office", "me", options(), waits));
      case 2: return start(make_run({"TASK.JOIN", "f", "t"}, options(), waits));
      default: return start(make_acquire({turnstile::Key("a")}, options(), waits));
    }
  }

  void ask() {
    switch (bytes_.next(4)) {
      case 0: return start(make_ready());
      case 1: return start(make_read({"LOCK.INFO", "a"}));
      case 2: return start(make_change({"EVENT.SET", "e", "x"}, nullptr));
      default: return start(make_wait({"EVENT.WAIT", "e"}, {}, true, nullptr));
    }
  }

  void use_hold() {
    if (holds_.empty()) return;
    const auto hold = holds_[bytes_.next(holds_.size())];
    (void)hold->is_held(now_);
    if (hold->kind == HoldKind::Task) {
      return start(make_finish(hold, {"TASK.COMPLETE", "f", "t", "1", "done"}));
    }
    switch (bytes_.next(5)) {
      case 0: return start(make_renew(hold, Duration::from_ms(700)));
      case 1: return start(make_check(hold));
      case 2: return start(make_upgrade(hold, "a", {}, false));
      case 3: return start(make_downgrade(hold, "a"));
      default: return start(make_release(hold));
    }
  }

  /// Closed, it comes to an end by itself, whatever the server does.
  void end() {
    conversation_.close(now_);
    for (int turn = 0; !conversation_.is_closed(); ++turn) {
      CHECK_LT(turn, kTurnsMax);
      (void)conversation_.take_output();
      disconnect();
      if (conversation_.is_closed()) break;
      const Time due = conversation_.next_deadline();
      CHECK(due != Time::never());
      now_ = std::max(now_, due);
      conversation_.on_time(now_);
    }
    for (std::size_t i = 0; i < ended_.size(); ++i) CHECK(ended_[i]);
    for (const auto& hold : holds_) CHECK(!hold->is_held(now_ + Duration::from_seconds(1'000'000)));
  }

  Bytes bytes_;
  Time now_ = Time::from_us(1'000'000);
  std::uint64_t connected_ = 0;
  std::vector<OperationPtr> calls_;
  std::vector<bool> ended_;
  std::vector<std::shared_ptr<Hold>> holds_;
  Conversation conversation_{{.endpoints = {Endpoint{.host = "server"}, Endpoint{.host = "other"}},
                              .who = {.name = "fuzz", .user = "", .password = ""},
                              .ttl = Duration::from_seconds(10),
                              .patience = Duration::from_seconds(5),
                              .seed = 1},
                             {.on_session = [](auto) {}, .on_notice = [](auto, const auto&) {}}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Talk(Bytes(data, size)).run();
  return 0;
}
