// The shell around the library's conversation, and rounds of work.
#include "sim/library_client.h"

#include <fmt/format.h>

#include <utility>

namespace sim {

using base::Duration;
using base::Time;
using turnstile::AcquireOptions;
using turnstile::Milliseconds;
using turnstile::client::Operation;
using turnstile::client::OperationPtr;
using turnstile::client::Outcome;
namespace client = turnstile::client;

/// All that ends with the process.
struct LibraryClient::Life {
  Life(client::Conversation::Settings settings)
      : conversation(std::move(settings),
                     {.on_session = [](auto) {}, .on_notice = [](auto, const auto&) {}}) {}

  client::Conversation conversation;
  std::shared_ptr<Connection> connection;
  std::uint64_t serial = 0;  ///< of the connection, or of the one being made; 0: none
  std::string output;
  Time armed_for = Time::never();
};

LibraryClient::LibraryClient(std::uint64_t number, Timeline& timeline, Network& network,
                             const Plan& plan, Resource& resource, Judge& judge, Chance chance)
    : number_(number),
      timeline_(timeline),
      network_(network),
      plan_(plan),
      resource_(resource),
      judge_(judge),
      chance_(std::move(chance)),
      process_(timeline),
      rounds_left_(plan.tasks_of_work) {}

LibraryClient::~LibraryClient() = default;

void LibraryClient::start() {
  client::Conversation::Settings settings;
  settings.endpoints = {client::Endpoint{.host = "server"}};
  settings.who.name = fmt::format("library-{}", number_);
  settings.ttl = plan_.ttl;
  settings.patience = chance_.between(Duration::from_ms(500), Duration::from_seconds(10));
  settings.seed = chance_.next();
  life_ = std::make_shared<Life>(std::move(settings));
  life_->conversation.on_time(process_.now());
  pump();
  rest_then_next_round();
}

bool LibraryClient::die() {
  if (!life_ || is_done_) return false;
  if (life_->connection && life_->connection->is_open(End::Client)) {
    life_->connection->close(End::Client);
  }
  resource_.forget(number_);
  process_.kill();
  timeline_.after(Duration(), [life = std::move(life_)] {});
  life_.reset();
  timeline_.after(chance_.between(Duration::from_ms(1), Duration::from_seconds(2)),
                  [this] { start(); });
  return true;
}

// --- the shell

void LibraryClient::pump() {
  follow_wish();
  write();
  arm_timer();
  if (life_->conversation.is_closed()) is_done_ = true;
}

void LibraryClient::follow_wish() {
  Life& life = *life_;
  const std::uint64_t wanted = life.conversation.wanted_connection();
  if (life.serial == wanted) return;
  if (life.connection && life.connection->is_open(End::Client)) life.connection->close(End::Client);
  life.connection.reset();
  life.output.clear();
  life.serial = wanted;
  if (wanted == 0) return;
  // A connection that nobody wants any more says nothing.
  const auto is_wanted = [this, wanted] { return life_ && life_->serial == wanted; };
  Connection::Ear ear;
  ear.process = &process_;
  ear.on_bytes = [this, is_wanted](std::string_view bytes) {
    if (!is_wanted()) return;
    life_->conversation.on_bytes(process_.now(), bytes);
    pump();
  };
  ear.on_hang_up = [this, is_wanted](bool) {
    if (!is_wanted()) return;
    life_->serial = 0;
    life_->connection.reset();
    life_->conversation.on_disconnected(process_.now(), "the server hung up");
    pump();
  };
  ear.on_room = [this, is_wanted] {
    if (is_wanted()) pump();
  };
  network_.connect(std::move(ear), [this, is_wanted](const std::shared_ptr<Connection>& made) {
    if (!is_wanted()) {
      if (made) made->close(End::Client);
      return;
    }
    if (made) {
      life_->connection = made;
      life_->conversation.on_connected(process_.now());
    } else {
      life_->serial = 0;
      life_->conversation.on_disconnected(process_.now(), "connection refused");
    }
    pump();
  });
}

void LibraryClient::write() {
  Life& life = *life_;
  life.output += life.conversation.take_output();
  if (!life.connection || !life.connection->is_open(End::Client)) return;
  const std::size_t size = std::min(life.output.size(), life.connection->room(End::Client));
  if (size == 0) return;
  life.connection->send(End::Client, std::string_view(life.output).substr(0, size));
  life.output.erase(0, size);
  if (after_sending_) after_sending_();
}

void LibraryClient::arm_timer() {
  const Time due = life_->conversation.next_deadline();
  if (due >= life_->armed_for) return;
  life_->armed_for = due;
  process_.at(due, [this] {
    life_->armed_for = Time::never();
    life_->conversation.on_time(process_.now());
    pump();
  });
}

void LibraryClient::begin(OperationPtr operation, std::function<void(Outcome)> done) {
  // Outside of the conversation, which must not be called from within itself.
  operation->done = [this, done = std::move(done)](Outcome outcome) {
    process_.after(Duration(), [done, outcome = std::move(outcome)] { done(outcome); });
  };
  life_->conversation.start(process_.now(), std::move(operation));
  pump();
}

// --- work

void LibraryClient::rest_then_next_round() {
  process_.after(chance_.between(Duration::from_us(10), Duration::from_ms(200)),
                 [this] { next_round(); });
}

void LibraryClient::next_round() {
  if (rounds_left_ == 0) return close();
  --rounds_left_;
  ++rounds_;
  const bool does_tasks =
      plan_.work == Work::Tasks || (plan_.work == Work::Both && chance_.one_in(2));
  if (does_tasks) {
    task_round();
  } else {
    lock_round();
  }
}

void LibraryClient::lock_round() {
  const auto name = [this] { return fmt::format("guarded/{}", chance_.below(plan_.names)); };
  std::vector<turnstile::Key> keys = {{name()}};
  if (chance_.one_in(4)) keys.push_back({name()});
  AcquireOptions options;
  options.shared = chance_.one_in(4);
  options.priority = static_cast<int>(chance_.below(3));
  options.agent = "main";
  if (!chance_.one_in(3)) options.wait = Milliseconds(chance_.between(1, 3'000));
  if (chance_.one_in(4)) options.lease = Milliseconds(chance_.between(100, 2'000));
  if (chance_.one_in(6)) {
    options.on_loss = turnstile::OnLoss::Delay;
    options.loss_delay = Milliseconds(chance_.between(10, 500));
  }
  const bool is_shared = options.shared;
  auto operation = client::make_acquire(std::move(keys), std::move(options), false);
  begin(std::move(operation), [this, is_shared](const Outcome& outcome) {
    if (!outcome.hold) return rest_then_next_round();
    work_under_lock(outcome.hold, is_shared);
  });
}

void LibraryClient::work_under_lock(const HoldPtr& hold, bool is_shared) {
  if (!hold->is_held(process_.now())) return rest_then_next_round();
  const std::uint64_t token = hold->token;
  // Now and then longer than the session lives without a renewal.
  const std::int64_t longest_ms = chance_.one_in(5) ? 1'500 : chance_.one_in(8) ? 10'000 : 60;
  for (const std::string& key : hold->keys) {
    resource_.begin(
        key, {number_, token, is_shared, [this, hold] { return hold->is_held(process_.now()); }});
  }
  process_.after(
      chance_.between(Duration::from_us(10), Duration::from_ms(longest_ms)), [this, hold, token] {
        for (const std::string& key : hold->keys) resource_.end(key, number_, token);
        hold->is_over = true;
        begin(client::make_release(hold), [this](const Outcome&) { rest_then_next_round(); });
      });
}

void LibraryClient::task_round() {
  const std::string flow = fmt::format("work/{}", chance_.below(plan_.names));
  const auto task = [this] { return fmt::format("step{}", chance_.below(4)); };
  AcquireOptions options;
  options.agent = "main";
  options.priority = static_cast<int>(chance_.below(3));
  if (!chance_.one_in(4)) options.wait = Milliseconds(chance_.between(1, 3'000));
  std::vector<std::string> words;
  if (chance_.one_in(3)) {
    words = {"TASK.TAKE", "2", task(), task(), "FLOWS", "work/"};
  } else {
    words = {"TASK.JOIN",
             flow,
             task(),
             "ONDEAD",
             "SKIP",
             "TIMEOUT",
             std::to_string(chance_.between(200, 3'000)),
             "ATTEMPTS",
             std::to_string(chance_.between(1, 3)),
             "BACKOFF",
             "20"};
    if (chance_.one_in(4)) words.insert(words.begin() + 3, {"AFTER", "1", task()});
  }
  auto operation = client::make_run(std::move(words), std::move(options), false);
  begin(std::move(operation), [this](const Outcome& outcome) {
    if (!outcome.hold) return rest_then_next_round();
    work_on_task(outcome.hold);
  });
}

void LibraryClient::work_on_task(const HoldPtr& hold) {
  const client::Assignment& assignment = *hold->assignment;
  for (const turnstile::TaskResult& result : assignment.results) {
    if (result.state != turnstile::TaskState::Completed) continue;
    resource_.see_result(assignment.flow, result.task, result.result);
  }
  process_.after(
      chance_.between(Duration::from_us(10), Duration::from_ms(chance_.one_in(5) ? 1'500 : 60)),
      [this, hold] { finish_task(hold); });
}

void LibraryClient::finish_task(const HoldPtr& hold) {
  const client::Assignment& assignment = *hold->assignment;
  const std::string token = std::to_string(hold->token.load());
  const auto go_on = [this](const Outcome&) { rest_then_next_round(); };
  if (chance_.one_in(8)) {
    hold->is_over = true;
    return begin(client::make_release(hold), go_on);
  }
  std::vector<std::string> words = {"TASK.COMPLETE", assignment.flow, assignment.task, token};
  if (chance_.one_in(6)) {
    words.front() = "TASK.FAIL";
    words.emplace_back("simulated");
    if (chance_.one_in(2)) words.emplace_back("RETRY");
  } else {
    words.push_back(fmt::format("{}/{}#{}", assignment.flow, assignment.task, token));
    resource_.propose_result(words.back());
  }
  hold->is_settled = true;
  begin(client::make_finish(hold, std::move(words)), go_on);
}

void LibraryClient::close() {
  life_->conversation.close(process_.now());
  pump();
}

}  // namespace sim
