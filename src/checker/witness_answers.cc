// Answers that the journal does not have: refusals, reads and repeats, which are
// judged in the state of their index; and what was lost, or never answered.
#include <fmt/format.h>

#include <charconv>

#include "checker/reply_match.h"
#include "checker/witness.h"
#include "command/errors.h"
#include "command/reply_text.h"

namespace checker {

using command::Code;
using command::Command;

namespace {

/// How often a machine that was misled is made anew; so many answers are wrong that it does not
/// matter which others are.
constexpr std::uint64_t kRebuildsMax = 50;

bool is_code(const resp::Value& told, Code code) {
  return told.error_code() == command::error_info(code).wire;
}

bool is_kept_off(const resp::Value& told) {
  return is_code(told, Code::Busy) || is_code(told, Code::Limit);
}

/// A wait is refused by foresight, which depends on the very moment; who is not refused so may
/// still be one too many to wait.
bool has_foresight(const Command& asked) {
  const auto* acquire = std::get_if<command::LockAcquire>(&asked);
  if (acquire != nullptr) return acquire->within.has_value();
  const auto* permits = std::get_if<command::SemAcquire>(&asked);
  return permits != nullptr && permits->within.has_value();
}

/// The same request without it.
Command without_foresight(Command asked) {
  if (auto* acquire = std::get_if<command::LockAcquire>(&asked)) acquire->within.reset();
  if (auto* permits = std::get_if<command::SemAcquire>(&asked)) permits->within.reset();
  return asked;
}

/// A moment earlier its priority is worth more waiting than that of whoever waits already.
bool has_priority(const Command& asked) {
  return std::visit(
      []<class C>(const C& c) {
        if constexpr (std::is_base_of_v<command::Terms, C>) {
          return c.priority > 0;
        } else {
          return false;
        }
      },
      asked);
}

}  // namespace

/// SESSION.OPEN and ATTACH say themselves which session they are about.
std::uint64_t WitnessCheck::session_of(Place place) const {
  const Operation& operation = reading_.history[place];
  if (reading_.kind[place] == command::SessionOpen::kKind) return 0;
  if (reading_.kind[place] != command::SessionAttach::kKind) return operation.session;
  std::uint64_t id = 0;
  const std::string& word = operation.argv.at(1);
  std::from_chars(word.data(), word.data() + word.size(), id);
  return id;
}

void WitnessCheck::judge_rest(std::uint64_t end) {
  for (; next_ < dues_.size() && dues_[next_].index == end; ++next_) {
    if (!dues_[next_].is_judged) judge_unjournalled(dues_[next_]);
  }
}

/// Refused by the server before the machine was asked.
bool WitnessCheck::is_beyond_the_machine(Place place, const Command& asked) const {
  const resp::Value& told = *reading_.history[place].reply;
  if (!told.is_error()) return false;
  for (const Code code : {Code::Overloaded, Code::Unavailable}) {
    if (is_code(told, code)) return true;
  }
  // Its repeat over another connection took its place.
  if (is_code(told, Code::Cancelled) && reading_.has_repeats[place]) return true;
  return is_kept_off(told) && has_foresight(asked);
}

command::Entry WitnessCheck::trial_of(Place place, Command asked, std::string ticket) const {
  const Operation& operation = reading_.history[place];
  command::Entry entry;
  entry.index = machine_->next_index();
  entry.now = machine_->now();
  entry.origin.session = session_of(place);
  entry.origin.connection = ~operation.client;
  entry.origin.user = "default";
  if (const auto it = callers_.find(operation.client); it != callers_.end()) {
    entry.origin.connection = it->second.connection;
    entry.origin.user = it->second.user;
  }
  const state::Session* session = machine_->find_session(entry.origin.session);
  if (session != nullptr) entry.origin.user = session->user;
  entry.request = operation.request;
  entry.ticket = std::move(ticket);
  entry.command = std::move(asked);
  return entry;
}

void WitnessCheck::judge_unjournalled(const Due& due) {
  const Place place = due.place;
  const Operation& operation = reading_.history[place];
  std::string ticket;
  Command asked = *reading_.command_of(place, &ticket);
  if (!due.is_queued) settled_[place] = true;
  const bool is_given_up = rebuilds_ >= kRebuildsMax;
  if (is_given_up || (!due.is_queued && is_beyond_the_machine(place, asked))) {
    ++report_.unjudged;
    return;
  }
  ++report_.repeated;
  const resp::Value queued{.type = resp::Type::Simple, .text = "QUEUED"};
  const resp::Value& told = due.is_queued ? queued : *operation.reply;
  const bool may_come_late =
      (is_kept_off(told) || is_code(told, Code::Deadlock)) && has_priority(asked);
  // Foresight comes first, and so had let it pass at that moment.
  if (is_code(told, Code::Deadlock)) asked = without_foresight(std::move(asked));
  const command::Entry trial = trial_of(place, std::move(asked), std::move(ticket));
  const command::Outcome outcome = machine_->apply(trial);
  const std::string expected = difference(outcome.reply, told, Precision::Timeless);
  if (outcome.changed && may_come_late) {
    ++report_.unjudged;
    ++rebuilds_;
    rebuild();
  } else if (outcome.changed) {
    const std::string what = expected.empty() ? command::text_of(outcome.reply) : expected;
    complain(place, told, what, told.is_error() ? "answer" : "L11", due.index);
    ++rebuilds_;
    rebuild();
  } else if (!expected.empty()) {
    complain(place, told, expected, "answer", due.index);
  } else {
    model_.judge_unjournalled(trial, outcome, place);
    hear_model(model_.take_finding());
  }
}

void WitnessCheck::complain(Place place, const resp::Value& told, const std::string& expected,
                            const char* promise, std::uint64_t index) {
  const bool is_lost = std::string_view(promise) == "L11";
  report_.add({promise,
               is_lost
                   ? fmt::format("it was told {} at index {}, and the journal has nothing of it",
                                 told_text(told), index)
                   : fmt::format("it was told {} at index {}, where the machine answers {}",
                                 told_text(told), index, expected),
               {place},
               index});
}

/// Answers of an index that no entry ends at.
void WitnessCheck::find_lost(std::uint64_t up_to) {
  for (; next_ < dues_.size() && dues_[next_].index < up_to; ++next_) {
    const Due& due = dues_[next_];
    settled_[due.place] = true;
    report_.add(
        {"L11",
         fmt::format("its answer depends on index {}, which the journal does not have", due.index),
         {due.place},
         due.index});
  }
}

void WitnessCheck::resolve_unanswered() {
  for (Place i = 0; i < reading_.history.size(); ++i) {
    const Operation& operation = reading_.history[i];
    if (reading_.words[i] == 0 || settled_[i]) continue;
    if (operation.is_answered()) {
      judge_unsettled(i);
      continue;
    }
    bool is_applied = false;
    if (operation.request != 0) {
      is_applied = effects_.contains({operation.session, operation.request});
    } else if (const auto it = unclaimed_.find({session_of(i), reading_.words[i]});
               it != unclaimed_.end() && it->second > 0) {
      --it->second;
      is_applied = true;
    }
    ++(is_applied ? report_.applied : report_.not_applied);
  }
  for (const auto& [effect, count] : unclaimed_) report_.foreign += count;
}

/// Told by a push, or without an index.
void WitnessCheck::judge_unsettled(Place place) {
  const Operation& operation = reading_.history[place];
  const bool is_server = is_beyond_the_machine(place, *reading_.command_of(place));
  if (operation.queued_index == 0 || is_server) {
    ++report_.unjudged;
    return;
  }
  report_.add({"L11",
               fmt::format("it was told {} after it had waited, and in the journal its wait does "
                           "not end",
                           told_text(*operation.reply)),
               {place},
               operation.queued_index});
}

}  // namespace checker
