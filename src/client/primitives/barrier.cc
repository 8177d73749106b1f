// Barrier: one wait, which must not be made twice.
#include "turnstile/barrier.h"

#include <utility>

#include "client/primitives/access.h"
#include "client/wire/answer.h"

namespace turnstile {
namespace {

/// What an answer to BARRIER.ARRIVE says, or nothing if it cannot be one.
std::optional<Barrier::Passage> read_passage(const resp::Value& value) {
  const resp::Value* generation = value.find("generation");
  const resp::Value* payloads = value.find("payloads");
  const auto number = generation == nullptr ? std::nullopt : generation->as_integer();
  if (!number || *number < 0 || payloads == nullptr) return std::nullopt;
  if (payloads->type != resp::Type::Array) return std::nullopt;
  Barrier::Passage passage{
      .generation = static_cast<std::uint64_t>(*number), .payloads = {}, .participants = {}};
  for (const auto& party : payloads->items) {
    if (party.find("payload") == nullptr) return std::nullopt;
    passage.payloads.push_back(client::read_text(party, "payload"));
    passage.participants.push_back(client::read_text(party, "participant"));
  }
  return passage;
}

bool is_passage(const resp::Value& value) { return read_passage(value).has_value(); }

}  // namespace

Barrier::Barrier(const Client& client, std::string name, int parties, BarrierOptions options)
    : engine_(client::Access::engine(client)),
      name_(std::move(name)),
      parties_(parties),
      options_(std::move(options)) {}

Result<Barrier::Passage> Barrier::arrive(std::string payload, WaitOptions options, bool waits) {
  std::vector<std::string> words = {"BARRIER.ARRIVE", name_, "PARTIES", std::to_string(parties_)};
  if (!options_.participant.empty()) words.insert(words.end(), {"AS", options_.participant});
  if (options_.on_death == OnDeath::Shrink) words.insert(words.end(), {"ONDEATH", "SHRINK"});
  if (!payload.empty()) words.insert(words.end(), {"PAYLOAD", std::move(payload)});
  auto operation = client::make_wait(std::move(words), options.wait, waits, is_passage);
  // The arrival that was lost with a session has had its consequences for the others.
  operation->is_restartable = false;
  auto outcome = engine_->perform(std::move(operation), std::move(options.stop));
  if (outcome.error) return std::move(*outcome.error);
  return *read_passage(outcome.value);
}

Barrier::Passage Barrier::arrive_and_wait(std::string payload, std::stop_token stop) {
  return arrive(std::move(payload), {.wait = {}, .stop = std::move(stop)}, true).value();
}

std::optional<Barrier::Passage> Barrier::arrive_within(std::string payload, Milliseconds wait) {
  auto passage = arrive(std::move(payload), {.wait = wait, .stop = {}}, false);
  if (passage.failed_with(ErrorCode::Busy)) return std::nullopt;
  return std::move(passage).value();
}

Result<Barrier::Passage> Barrier::try_arrive_and_wait(std::string payload, WaitOptions options) {
  return arrive(std::move(payload), std::move(options), false);
}

Result<Reply> Barrier::try_info() const {
  return client::to_result(engine_->perform(client::make_read({"BARRIER.INFO", name_})));
}

Reply Barrier::info() const { return try_info().value(); }

}  // namespace turnstile
