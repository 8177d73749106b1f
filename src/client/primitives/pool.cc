// The loop of a worker. An outcome is an operation that is owed: the conversation sends it over
// every connection and in every session until the server has answered.
#include "client/primitives/pool.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "client/conversation/operation.h"
#include "client/primitives/access.h"
#include "client/primitives/agent.h"
#include "client/primitives/task_words.h"

namespace turnstile::client {
namespace {

using std::chrono::steady_clock;

constexpr Milliseconds kPauseMin(100);
constexpr Milliseconds kPauseMax(5'000);
// What the server takes for the reason of a failure.
constexpr std::size_t kReasonMax = 4'096;

/// The pool that the calling thread works for.
thread_local const Pool* own_pool = nullptr;

/// The beginning of a text, so cut that no character of UTF-8 is.
std::string cut(std::string text, std::size_t size) {
  if (text.size() <= size) return text;
  const auto is_inside = [&] { return (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U; };
  while (size > 0 && is_inside()) --size;
  text.resize(size);
  return text;
}

/// The command that tells it, of an attempt.
OperationPtr make_outcome(const std::shared_ptr<Hold>& hold, const turnstile::Outcome& outcome) {
  using Kind = turnstile::Outcome::Kind;
  if (outcome.kind() == Kind::Released) {
    auto operation = make_release(hold, release_words(outcome.delay(), outcome.checkpoint()));
    operation->is_owed = true;
    return operation;
  }
  const bool is_completed = outcome.kind() == Kind::Completed;
  Words words = {is_completed ? "TASK.COMPLETE" : "TASK.FAIL", hold->assignment->flow,
                 hold->assignment->task, std::to_string(hold->token),
                 is_completed ? outcome.text() : cut(outcome.text(), kReasonMax)};
  if (outcome.kind() == Kind::Retry) words.emplace_back("RETRY");
  auto operation = make_finish(hold, std::move(words));
  operation->is_owed = true;
  return operation;
}

}  // namespace

Pool::Pool(std::shared_ptr<Engine> engine, std::vector<std::string> tasks, Worker::Handler handler,
           WorkerOptions options)
    : engine_(std::move(engine)),
      tasks_(std::move(tasks)),
      handler_(std::move(handler)),
      options_(std::move(options)),
      keeper_(engine_) {
  const std::lock_guard lock(threads_mutex_);
  try {
    for (int i = 0; i < std::max(options_.threads, 1); ++i) {
      threads_.emplace_back([this] {
        own_pool = this;
        work();
      });
    }
  } catch (...) {
    stop_.request_stop();
    for (auto& thread : threads_) thread.join();
    throw;
  }
}

Pool::~Pool() { stop(); }

void Pool::stop() noexcept {
  {
    const std::lock_guard lock(desk_->mutex);
    if (!desk_->stopped_at) desk_->stopped_at = Steady::now();
    desk_->changed.notify_all();
  }
  stop_.request_stop();
  if (own_pool == this) return;
  const std::lock_guard lock(threads_mutex_);
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

Worker::Counts Pool::counts() const noexcept {
  return {.taken = tally_.taken,
          .completed = tally_.completed,
          .failed = tally_.failed,
          .retried = tally_.retried,
          .released = tally_.released,
          .untaken = tally_.untaken};
}

// --- one thread

void Pool::work() {
  Milliseconds next_pause = kPauseMin;
  while (!stop_.stop_requested()) {
    auto attempt = take();
    if (attempt) {
      next_pause = kPauseMin;
      ++tally_.taken;
      run(*std::move(attempt));
    } else if (!stop_.stop_requested()) {
      if (options_.on_error) options_.on_error(attempt.error());
      pause(next_pause);
      next_pause = std::min(next_pause * 2, kPauseMax);
    }
  }
}

Result<Attempt> Pool::take() {
  AcquireOptions options = with_agent({});
  options.priority = options_.priority;
  options.note = options_.note;
  options.stop = stop_.get_token();
  return perform_run(engine_,
                     make_run(task_take_words(tasks_, options_.flows), std::move(options), true));
}

void Pool::pause(Milliseconds time) {
  std::unique_lock lock(desk_->mutex);
  desk_->changed.wait_for(lock, time, [this] { return desk_->stopped_at.has_value(); });
}

void Pool::run(Attempt attempt) {
  const auto& hold = Access::hold(attempt);
  std::stop_source stop;
  const auto ask_to_stop = [stop]() mutable { stop.request_stop(); };
  const std::stop_callback on_stop(stop_.get_token(), ask_to_stop);
  const std::stop_callback on_lost(attempt.lost(), ask_to_stop);
  const std::stop_callback on_revoked(attempt.revoked(), ask_to_stop);
  keeper_.keep(hold, options_.run_time, stop);
  const Taken outcome = handle(attempt, stop.get_token());
  const bool is_over = hold->is_settled || (hold->is_over && !hold->alarm.is_lost());
  if (!is_over) settle(attempt, outcome);
  keeper_.let_go(hold);
}

Pool::Taken Pool::handle(Attempt& attempt, const std::stop_token& stop) {
  try {
    return handler_(attempt, stop);
  } catch (const std::exception& error) {
    return Taken::retry(error.what());
  } catch (...) {
    return Taken::retry("an exception that says nothing");
  }
}

// --- the outcome

void Pool::settle(const Attempt& attempt, const Taken& outcome) {
  const auto& hold = Access::hold(attempt);
  // Whatever is answered, nothing is given back: an outcome that was refused would come again.
  hold->is_settled = true;
  const auto error = send(hold, outcome);
  if (!error) return count(outcome.kind());
  ++tally_.untaken;
  if (!options_.on_untaken) return;
  options_.on_untaken({.flow = attempt.flow(),
                       .task = attempt.task(),
                       .attempt = attempt.number(),
                       .token = attempt.token(),
                       .outcome = outcome,
                       .error = *error});
}

/// Until it is answered for certain. A server that is overloaded has not decided.
std::optional<Error> Pool::send(const std::shared_ptr<Hold>& hold, const Taken& outcome) {
  Milliseconds next_pause = kPauseMin;
  while (true) {
    auto answer = wait_for_answer(make_outcome(hold, outcome));
    const bool is_undecided = answer.error && answer.error->code() == ErrorCode::Overloaded;
    if (!is_undecided || stop_.stop_requested()) return std::move(answer.error);
    pause(next_pause);
    next_pause = std::min(next_pause * 2, kPauseMax);
  }
}

/// Without end as long as the worker runs, and then for as long as its farewell may take.
Outcome Pool::wait_for_answer(OperationPtr operation) {
  const auto answer = std::make_shared<std::optional<Outcome>>();
  engine_->begin(std::move(operation), {}, [desk = desk_, answer](Outcome outcome) {
    const std::lock_guard lock(desk->mutex);
    *answer = std::move(outcome);
    desk->changed.notify_all();
  });
  const auto began = Steady::now();
  std::unique_lock lock(desk_->mutex);
  while (!*answer) {
    if (!desk_->stopped_at) {
      desk_->changed.wait(lock);
      continue;
    }
    const auto until = std::max(*desk_->stopped_at, began) + options_.farewell;
    if (Steady::now() < until) {
      desk_->changed.wait_until(lock, until);
      continue;
    }
    return {.error = unavailable("the worker stopped before it was answered", true),
            .hold = nullptr,
            .value = {}};
  }
  return std::move(**answer);
}

void Pool::count(Taken::Kind kind) {
  switch (kind) {
    case Taken::Kind::Completed: ++tally_.completed; return;
    case Taken::Kind::Failed: ++tally_.failed; return;
    case Taken::Kind::Retry: ++tally_.retried; return;
    case Taken::Kind::Released: ++tally_.released; return;
  }
}

}  // namespace turnstile::client
