// A scenario through the wire: what clients say becomes RESP and goes through the
// server's own conversations, hub and pipeline. Only the sockets, the clock and
// the disk are not real.
#include <fmt/format.h>

#include "base/check.h"
#include "resp/reply_parser.h"
#include "resp/request.h"
#include "scenario_text.h"
#include "scenario_world.h"
#include "server/conversation.h"
#include "server/hub.h"
#include "server/pipeline.h"

namespace scenario {
namespace {

class FakeClock final : public server::Clock {
 public:
  base::Time monotonic() const override { return now_; }
  base::Time wall() const override { return now_; }
  void set(base::Time now) { now_ = now; }

 private:
  base::Time now_;
};

/// A journal that is durable at once and remembers what it was given.
class MemoryAppender final : public server::Appender {
 public:
  void start(const journal::Batch& batch, Done done) override {
    for (std::size_t i = 0; i < batch.count(); ++i) {
      const journal::Record record = batch.record(i);
      command::Entry& entry = entries_.emplace_back();
      entry.index = record.index;
      entry.now = record.cluster_time;
      entry.wall = record.wall_time;
      CHECK(command::decode(record.payload, entry).has_value());
    }
    done({});
  }
  std::vector<command::Entry>& entries() { return entries_; }

 private:
  std::vector<command::Entry> entries_;
};

/// A server from its start to its end.
struct Life {
  Life(std::unique_ptr<state::Machine> restored, const FakeClock& clock)
      : machine(std::move(restored)),
        pipeline(*machine, clock, clock.monotonic(), 1, appender,
                 [](const base::Error& error) { base::check_failed("", 0, "", error.message); }),
        hub(pipeline),
        service{pipeline, hub, machine->rules().limits, [this](auto bytes) { randomize(bytes); },
                [](auto) { return std::string(); }} {
    pipeline.set_event_sink(hub);
  }

  /// A number that is never the same stands for a secret well enough.
  void randomize(std::span<unsigned char> bytes) {
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(machine->next_index());
  }

  std::unique_ptr<state::Machine> machine;
  MemoryAppender appender;
  server::Pipeline pipeline;
  server::Hub hub;
  server::Service service;
};

struct Line {
  std::shared_ptr<server::Conversation> conversation;
  resp::ReplyParser replies;
};

class WireWorld final : public World {
 public:
  WireWorld() : life_(std::make_unique<Life>(std::make_unique<state::Machine>(), clock_)) {}

  void say(const std::string& client, const Words& words) override {
    meet(client);
    Line& line = connect(client);
    std::vector<std::string> said = words;
    for (std::string& word : said) word = with_secret(word);
    const std::vector<std::string_view> argv(said.begin(), said.end());
    send(line, resp::encode_request(argv));
    turn();
  }

  bool is_blocked(const std::string& client) override {
    return connect(client).conversation->is_blocked();
  }

  void hang_up(const std::string& client) override {
    const auto it = lines_.find(client);
    if (it == lines_.end()) return;
    life_->hub.remove(it->second.conversation->id());
    lines_.erase(it);
    turn();
  }

  void advance(base::Duration length) override {
    const base::Time target = clock_.monotonic() + length;
    for (;;) {
      // The loop looks at the time though nothing is due, or it would stand still.
      const base::Time look = clock_.monotonic() + base::Duration::from_ms(250);
      const base::Time due = std::min(life_->pipeline.next_tick(), look);
      if (due > target) break;
      clock_.set(std::max(clock_.monotonic(), due));
      life_->pipeline.tick();
      turn();
    }
    clock_.set(target);
  }

  void restart() override {
    auto replay = std::make_unique<state::Machine>();
    if (!snapshot_.empty()) CHECK(replay->restore(snapshot_).has_value());
    for (const command::Entry& entry : life_->appender.entries()) {
      CHECK(replay->apply(entry).changed);
    }
    CHECK_EQ(replay->digest(), life_->machine->digest());
    lines_.clear();
    replay->save(snapshot_ = {});
    life_ = std::make_unique<Life>(std::move(replay), clock_);
    life_->pipeline.submit(command::Start{"scenario"});
    turn();
  }

 private:
  /// One turn of what would be the server's event loop, and of the clients'.
  void turn() {
    life_->hub.settle();
    life_->pipeline.flush();
    journal_what_lingers();
    CHECK(life_->pipeline.is_idle());
    life_->machine->check_invariants();
    for (auto& [client, line] : lines_) listen(client, line);
  }

  /// What nobody waits for is journalled a millisecond later, which is no time in a transcript.
  void journal_what_lingers() {
    const base::Time now = clock_.monotonic();
    clock_.set(now + base::Duration::from_ms(1));
    life_->pipeline.flush();
    clock_.set(now);
  }

  Line& connect(const std::string& client) {
    const auto it = lines_.find(client);
    if (it != lines_.end()) return it->second;
    Line& line = lines_[client];
    line.conversation = std::make_shared<server::Conversation>(life_->service, client);
    life_->hub.add(line.conversation);
    const std::string_view hello[] = {"HELLO", "3"};
    send(line, resp::encode_request(hello));
    life_->pipeline.flush();
    receive(line);
    CHECK(line.replies.next().has_value());
    return line;
  }

  /// In two pieces, as a network may deliver them.
  void send(Line& line, std::string_view bytes) {
    for (const std::string_view piece :
         {bytes.substr(0, bytes.size() / 2), bytes.substr(bytes.size() / 2)}) {
      piece.copy(line.conversation->prepare().data(), piece.size());
      line.conversation->commit(piece.size());
    }
  }

  void receive(Line& line) {
    const std::string bytes(line.conversation->output());
    line.conversation->sent(bytes.size());
    line.replies.feed(bytes);
  }

  void listen(const std::string& client, Line& line) {
    receive(line);
    while (const auto reply = line.replies.next()) {
      const command::Value tree = tree_of(*reply);
      if (const auto* secret = find(tree, "secret")) {
        const auto id = std::get<std::int64_t>(find(tree, "id")->data);
        secrets_[fmt::format("{}{}", kSecretOf, id)] = std::get<std::string>(secret->data);
      }
      if (reply->is_push()) {
        hear(client, true, text_of_push(std::get<command::Value::List>(tree.data)));
      } else {
        hear(client, false, text_of(tree));
      }
    }
    CHECK(line.replies.error().empty());
  }

  /// [turnstile, ticket, outcome] or [turnstile-notice, kind, details].
  static std::string text_of_push(const command::Value::List& push) {
    const std::string& kind = std::get<std::string>(push.at(0).data);
    const std::string& name = std::get<std::string>(push.at(1).data);
    if (kind == "turnstile-notice") return text_of_notice(name, push.at(2));
    return fmt::format("{}: {}", name, text_of(push.at(2)));
  }

  std::string with_secret(const std::string& word) const {
    const auto it = secrets_.find(word);
    return it == secrets_.end() ? word : it->second;
  }

  FakeClock clock_;
  std::string snapshot_;
  std::unique_ptr<Life> life_;
  std::map<std::string, Line> lines_;
  std::map<std::string, std::string> secrets_;
};

}  // namespace

std::unique_ptr<World> make_wire_world() { return std::make_unique<WireWorld>(); }

}  // namespace scenario
