// Latch: counting, and waiting until there is nothing left to count.
#include "turnstile/latch.h"

#include <utility>

#include "client/primitives/access.h"

namespace turnstile {
namespace {

bool is_opening(const resp::Value& value) { return value.find("generation") != nullptr; }

client::OperationPtr make_latch_wait(const std::string& name, std::optional<Milliseconds> wait) {
  return client::make_wait({"LATCH.WAIT", name}, wait, true, is_opening);
}

}  // namespace

Latch::Latch(const Client& client, std::string name)
    : engine_(client::Access::engine(client)), name_(std::move(name)) {}

Result<std::uint64_t> Latch::try_set(int count) {
  auto operation =
      client::make_change({"LATCH.SET", name_, std::to_string(count)}, client::is_integer);
  return client::to_number<std::uint64_t>(engine_->perform(std::move(operation)));
}

std::uint64_t Latch::set(int count) { return try_set(count).value(); }

Result<int> Latch::try_count_down(std::string_view participant) {
  std::vector<std::string> words = {"LATCH.COUNTDOWN", name_};
  if (!participant.empty()) words.insert(words.end(), {"AS", std::string(participant)});
  auto operation = client::make_change(std::move(words), client::is_integer);
  operation->is_restartable = !participant.empty();
  return client::to_number<int>(engine_->perform(std::move(operation)));
}

int Latch::count_down(std::string_view participant) { return try_count_down(participant).value(); }

void Latch::wait(std::stop_token stop) {
  client::to_success(engine_->perform(make_latch_wait(name_, std::nullopt), std::move(stop)))
      .value();
}

bool Latch::try_wait() { return wait_within(Milliseconds(0)); }

bool Latch::wait_within(Milliseconds wait) {
  auto opened = client::to_success(engine_->perform(make_latch_wait(name_, wait)));
  if (opened.failed_with(ErrorCode::Busy)) return false;
  return opened.value();
}

Result<Reply> Latch::try_info() const {
  return client::to_result(engine_->perform(client::make_read({"LATCH.INFO", name_})));
}

Reply Latch::info() const { return try_info().value(); }

}  // namespace turnstile
