// The public Attempt: as Grant, with something to be done and an outcome.
#include "turnstile/attempt.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "client/engine/clock.h"
#include "client/primitives/access.h"
#include "client/primitives/task_words.h"
#include "client/session/hold.h"

namespace turnstile {
namespace {

/// What an empty Attempt is told.
const client::Assignment& nothing() {
  static const client::Assignment nothing;
  return nothing;
}

const client::Assignment& assignment_of(const std::shared_ptr<client::Hold>& hold) {
  return hold ? *hold->assignment : nothing();
}

Error runs_nothing() { return {ErrorCode::Stale, "STALE this attempt runs nothing"}; }

/// Whether a refusal leaves the attempt as it was.
bool is_harmless(const Error& error) {
  return error.code() == ErrorCode::Limit || error.code() == ErrorCode::Invalid ||
         error.code() == ErrorCode::Overloaded || error.code() == ErrorCode::Denied;
}

}  // namespace

Attempt::Attempt(std::shared_ptr<client::Engine> engine,
                 std::shared_ptr<client::Hold> hold) noexcept
    : engine_(std::move(engine)), hold_(std::move(hold)) {}

Attempt& Attempt::operator=(Attempt&& other) noexcept {
  if (this != &other) {
    let_go();
    engine_ = std::move(other.engine_);
    hold_ = std::move(other.hold_);
  }
  return *this;
}

Attempt::~Attempt() { let_go(); }

void Attempt::let_go() noexcept {
  if (!hold_) return;
  const bool is_settled = hold_->is_settled;
  if (!is_settled && !hold_->is_over.exchange(true)) engine_->submit(client::make_release(hold_));
  hold_->alarm.silence();
}

// --- what is to be done

const std::string& Attempt::flow() const noexcept { return assignment_of(hold_).flow; }
const std::string& Attempt::task() const noexcept { return assignment_of(hold_).task; }
int Attempt::number() const noexcept { return assignment_of(hold_).number; }
std::uint64_t Attempt::token() const noexcept { return hold_ ? hold_->token.load() : 0; }
const std::string& Attempt::input() const noexcept { return assignment_of(hold_).input; }
const std::string& Attempt::checkpoint() const noexcept { return assignment_of(hold_).checkpoint; }
Milliseconds Attempt::timeout() const noexcept { return assignment_of(hold_).timeout; }

Milliseconds Attempt::waited() const noexcept {
  return Milliseconds(hold_ ? hold_->waited_ms.load() : 0);
}

const std::vector<TaskResult>& Attempt::results() const noexcept {
  return assignment_of(hold_).results;
}

const TaskResult& Attempt::result(std::string_view task) const {
  const auto found = std::ranges::find(results(), task, &TaskResult::task);
  if (found != results().end()) return *found;
  throw Error(ErrorCode::Invalid,
              fmt::format("ERR '{}' is no predecessor of '{}'", task, this->task()));
}

// --- when to stop

std::stop_token Attempt::lost() const noexcept {
  return hold_ ? hold_->alarm.lost() : std::stop_token();
}

std::stop_token Attempt::revoked() const noexcept {
  return hold_ ? hold_->alarm.revoked() : std::stop_token();
}

void Attempt::on_lost(std::function<void(const Loss&)> callback) {
  if (!hold_ || (hold_->is_over && !hold_->alarm.is_lost())) return;
  using Listener = client::Listener<Loss>;
  hold_->alarm.on_lost(std::make_shared<Listener>(engine_->executor(), std::move(callback)));
}

void Attempt::on_revoked(std::function<void(const Revocation&)> callback) {
  if (!hold_ || hold_->is_over) return;
  using Listener = client::Listener<Revocation>;
  hold_->alarm.on_revoked(std::make_shared<Listener>(engine_->executor(), std::move(callback)));
}

Clock::time_point Attempt::deadline() const noexcept {
  if (!hold_) return Clock::time_point::min();
  return Clock::time_point(Clock::duration(hold_->deadline().us()));
}

bool Attempt::is_held() const noexcept {
  return hold_ && !hold_->is_settled && hold_->is_held(client::boot_now());
}

// --- the outcome

/// `words`: the command and what it has behind the token.
Result<bool> Attempt::end(std::vector<std::string> words) {
  if (!hold_) return runs_nothing();
  hold_->is_settled = true;
  words.insert(words.begin() + 1, {flow(), task(), std::to_string(token())});
  auto outcome = engine_->perform(client::make_finish(hold_, std::move(words)));
  if (outcome.error) {
    if (is_harmless(*outcome.error)) hold_->is_settled = false;
    return std::move(*outcome.error);
  }
  hold_->alarm.silence();
  return outcome.value.integer == 1;
}

Result<bool> Attempt::try_complete(std::string result) {
  return end({"TASK.COMPLETE", std::move(result)});
}

Result<bool> Attempt::try_fail(std::string reason) { return end({"TASK.FAIL", std::move(reason)}); }

Result<bool> Attempt::try_fail_and_retry(std::string reason) {
  return end({"TASK.FAIL", std::move(reason), "RETRY"});
}

bool Attempt::complete(std::string result) { return try_complete(std::move(result)).value(); }
bool Attempt::fail(std::string reason) { return try_fail(std::move(reason)).value(); }
bool Attempt::fail_and_retry(std::string reason) {
  return try_fail_and_retry(std::move(reason)).value();
}

Result<bool> Attempt::try_release(Milliseconds delay, std::optional<std::string> checkpoint) {
  if (!hold_ || (hold_->is_over && !hold_->alarm.is_lost())) return false;
  hold_->is_settled = true;
  auto operation = client::make_release(hold_, client::release_words(delay, checkpoint));
  auto outcome = engine_->perform(std::move(operation));
  if (outcome.error) {
    if (is_harmless(*outcome.error)) hold_->is_settled = false;
    return std::move(*outcome.error);
  }
  hold_->alarm.silence();
  return outcome.value.integer == 1;
}

bool Attempt::release(Milliseconds delay, std::optional<std::string> checkpoint) {
  return try_release(delay, std::move(checkpoint)).value();
}

Result<Milliseconds> Attempt::try_extend(Milliseconds timeout) {
  if (!hold_) return runs_nothing();
  const auto asked = base::Duration::from_ms(std::min<Milliseconds>(timeout, kWaitMax).count());
  auto outcome = engine_->perform(client::make_renew(hold_, asked));
  if (outcome.error) return std::move(*outcome.error);
  const auto* left = outcome.value.find("lease");
  return Milliseconds(left ? left->as_integer().value_or(0) : 0);
}

Milliseconds Attempt::extend(Milliseconds timeout) { return try_extend(timeout).value(); }

}  // namespace turnstile
