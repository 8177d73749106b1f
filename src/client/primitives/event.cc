// Event: settings that are answered at once, and waits that outlive sessions.
#include "turnstile/event.h"

#include <utility>

#include "client/primitives/access.h"

namespace turnstile {
namespace {

/// What an answer to EVENT.WAIT says, or nothing if it cannot be one.
std::optional<Event::Signal> read_signal(const resp::Value& value) {
  const resp::Value* generation = value.find("generation");
  const resp::Value* payload = value.find("payload");
  const auto number = generation == nullptr ? std::nullopt : generation->as_integer();
  if (!number || *number < 0 || payload == nullptr) return std::nullopt;
  return Event::Signal{.generation = static_cast<std::uint64_t>(*number),
                       .payload = std::string(payload->as_string().value_or(""))};
}

bool is_signal(const resp::Value& value) { return read_signal(value).has_value(); }

client::OperationPtr make_event_wait(const std::string& name, std::optional<std::uint64_t> after,
                                     std::optional<Milliseconds> wait, bool waits) {
  std::vector<std::string> words = {"EVENT.WAIT", name};
  if (after) words.insert(words.end(), {"AFTER", std::to_string(*after)});
  auto operation = client::make_wait(std::move(words), wait, waits, is_signal);
  operation->is_gapless = after.has_value();
  return operation;
}

Result<Event::Signal> to_signal(client::Outcome outcome) {
  if (outcome.error) return std::move(*outcome.error);
  return *read_signal(outcome.value);
}

}  // namespace

Event::Event(const Client& client, std::string name, Kind kind)
    : engine_(client::Access::engine(client)), name_(std::move(name)), kind_(kind) {}

Result<std::uint64_t> Event::try_set(std::string payload) {
  std::vector<std::string> words = {"EVENT.SET", name_};
  if (!payload.empty()) words.insert(words.end(), {"PAYLOAD", std::move(payload)});
  if (kind_ == Kind::Automatic) words.emplace_back("AUTO");
  auto operation = client::make_change(std::move(words), client::is_integer);
  return client::to_number<std::uint64_t>(engine_->perform(std::move(operation)));
}

std::uint64_t Event::set(std::string payload) { return try_set(std::move(payload)).value(); }

Result<bool> Event::try_reset() {
  auto operation = client::make_change({"EVENT.RESET", name_}, client::is_integer);
  return client::to_number<bool>(engine_->perform(std::move(operation)));
}

bool Event::reset() { return try_reset().value(); }

Event::Signal Event::wait(std::stop_token stop) {
  auto operation = make_event_wait(name_, std::nullopt, std::nullopt, true);
  return to_signal(engine_->perform(std::move(operation), std::move(stop))).value();
}

Event::Signal Event::wait_after(std::uint64_t generation, std::stop_token stop) {
  auto operation = make_event_wait(name_, generation, std::nullopt, true);
  return to_signal(engine_->perform(std::move(operation), std::move(stop))).value();
}

std::optional<Event::Signal> Event::wait_within(std::optional<std::uint64_t> after,
                                                Milliseconds wait) {
  auto signal = try_wait({.wait = wait, .stop = {}}, after);
  if (signal.failed_with(ErrorCode::Busy)) return std::nullopt;
  return std::move(signal).value();
}

Result<Event::Signal> Event::try_wait(WaitOptions options, std::optional<std::uint64_t> after) {
  auto operation = make_event_wait(name_, after, options.wait, false);
  return to_signal(engine_->perform(std::move(operation), std::move(options.stop)));
}

void Event::wait_then(std::optional<std::uint64_t> after, WaitOptions options,
                      std::function<void(Result<Signal>)> done) {
  auto operation = make_event_wait(name_, after, options.wait, true);
  engine_->begin(
      std::move(operation), std::move(options.stop),
      [done = std::move(done)](client::Outcome outcome) { done(to_signal(std::move(outcome))); });
}

Result<Reply> Event::try_info() const {
  return client::to_result(engine_->perform(client::make_read({"EVENT.INFO", name_})));
}

Reply Event::info() const { return try_info().value(); }

}  // namespace turnstile
