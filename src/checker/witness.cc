// Entries are replayed, and what they did is looked for among the answers.
#include "checker/witness.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "checker/reply_match.h"

namespace checker {

using base::Fault;
using command::Entry;
using command::Reply;

namespace {

/// The entries between two states that are kept for a machine that was misled.
constexpr std::uint64_t kEntriesBetweenStates = 100'000;

std::uint64_t token_of(const Reply& reply) {
  if (const auto* granted = std::get_if<command::Granted>(&reply)) return granted->token;
  if (const auto* attempt = std::get_if<command::Attempt>(&reply)) return attempt->token;
  return 0;
}

/// Said by the service itself.
bool is_of_service(const command::Command& command) {
  return std::holds_alternative<command::Configure>(command) ||
         std::holds_alternative<command::Start>(command) ||
         std::holds_alternative<command::Tick>(command) ||
         std::holds_alternative<command::Disconnect>(command);
}

}  // namespace

WitnessCheck::WitnessCheck(const Reading& reading, Report& report, ModelJudge::Threads threads)
    : reading_(reading), report_(report), model_(threads), settled_(reading.history.size()) {
  report.has_witness = true;
  for (Place i = 0; i < reading.history.size(); ++i) {
    const Operation& operation = reading.history[i];
    if (operation.session != 0 && operation.request != 0) {
      sessions_.insert(operation.session);
      asked_.insert({operation.session, operation.request});
    }
    if (reading.words[i] == 0) continue;
    if (operation.queued_index != 0) dues_.push_back({operation.queued_index, i, true, false});
    if (operation.index != 0 && operation.is_answered()) {
      dues_.push_back({operation.index, i, false, false});
    }
  }
  std::stable_sort(dues_.begin(), dues_.end(),
                   [](const Due& a, const Due& b) { return a.index < b.index; });
}

WitnessCheck::~WitnessCheck() = default;

base::Result<void> WitnessCheck::restore(std::string_view snapshot) {
  if (auto restored = machine_->restore(snapshot); !restored) return restored;
  base_ = snapshot;
  model_.leave("none: the journal begins with a snapshot, and a model begins with nothing");
  // What the snapshot has swallowed can be judged no more.
  for (; next_ < dues_.size() && dues_[next_].index < machine_->last_index(); ++next_) {
    if (!dues_[next_].is_queued) settled_[dues_[next_].place] = true;
    ++report_.unjudged;
  }
  judge_rest(machine_->last_index());
  return {};
}

base::Result<void> WitnessCheck::replay(const Entry& entry) {
  if (entry.index < machine_->next_index() || entry.now < machine_->now()) {
    return base::failure(Fault::Corrupt,
                         fmt::format("entry {} lies behind the one before it", entry.index));
  }
  const command::Outcome outcome = machine_->apply(entry);
  ++report_.entries;
  if (!outcome.changed) {
    const bool is_double = effects_.contains({entry.origin.session, entry.request});
    report_.add({is_double ? "L4" : "L12",
                 fmt::format("{} stands in the journal and changes nothing{}",
                             command::kind_name(command::kind_of(entry.command)),
                             is_double ? ", for what it asks for has been done before" : ""),
                 {},
                 entry.index});
    return {};
  }
  record(entry);
  const std::uint64_t end = machine_->last_index();
  settle_pushes(entry.index, end);
  find_lost(end);
  entry_ = &entry;
  if (is_of_service(entry.command)) {
    ++report_.foreign;
  } else {
    see_effect(effect_of(entry), outcome.reply, end);
  }
  entry_ = nullptr;
  for (const command::Event& event : outcome.events) {
    if (const auto* ended = std::get_if<command::WaitEnded>(&event)) see_end(*ended, end);
  }
  model_.judge(entry, outcome, *machine_);
  hear_model(model_.take_finding());
  judge_rest(end);
  return {};
}

/// A push bears no index, so that of a grant is known by its token; an entry that grants to several
/// gives each a token of its own, and their answers depend on all of it.
void WitnessCheck::settle_pushes(std::uint64_t begin, std::uint64_t end) {
  const auto less = [](const Due& due, std::uint64_t index) { return due.index < index; };
  const auto from = dues_.begin() + static_cast<std::ptrdiff_t>(next_);
  const auto first = std::lower_bound(from, dues_.end(), begin, less);
  const auto last = std::lower_bound(first, dues_.end(), end, less);
  const auto pushed = std::stable_partition(first, last, [this](const Due& due) {
    return due.is_queued || reading_.history[due.place].queued_index == 0;
  });
  for (auto it = pushed; it != last; ++it) it->index = end;
}

void WitnessCheck::record(const Entry& entry) {
  if (++logged_ % kEntriesBetweenStates == 0) {
    base_.clear();
    machine_->save(base_);
    log_.clear();
    return;
  }
  std::string payload;
  command::encode(entry, payload);
  base::ByteWriter writer(log_);
  std::uint64_t index = entry.index;
  std::int64_t now = entry.now.us();
  writer(index);
  writer(now);
  writer(payload);
}

/// After an operation that should not have changed anything has.
void WitnessCheck::rebuild() {
  machine_ = std::make_unique<state::Machine>();
  if (!base_.empty()) CHECK(machine_->restore(base_).has_value());
  base::ByteReader reader(log_);
  while (!reader.at_end()) {
    Entry entry;
    std::int64_t now = 0;
    std::string payload;
    reader(entry.index);
    reader(now);
    reader(payload);
    entry.now = base::Time::from_us(now);
    CHECK(command::decode(payload, entry).has_value());
    machine_->apply(entry);
  }
}

// --- what entries did

WitnessCheck::Effect WitnessCheck::effect_of(const Entry& entry) {
  const bool opens = std::holds_alternative<command::SessionOpen>(entry.command);
  return {opens ? 0 : entry.origin.session, entry.request, words_of(entry.command)};
}

void WitnessCheck::see_effect(const Effect& effect, const Reply& reply, std::uint64_t index) {
  const auto* waiting = std::get_if<command::Waiting>(&reply);
  const std::optional<Place> place = answer_one(effect, reply, waiting != nullptr);
  if (waiting != nullptr) {
    Wait& wait = waits_[waiting->waiter];
    wait.effect = effect;
    if (place) wait.place = place;
  }
  see_double(effect, reply, index);
  if (effect.request != 0) {
    effects_.insert({effect.session, effect.request});
    const bool is_asked = asked_.contains({effect.session, effect.request});
    if (!is_asked && sessions_.contains(effect.session)) {
      report_.add({"L4",
                   fmt::format("request {} of session {} has an effect, and nobody made it",
                               effect.request, effect.session),
                   {},
                   index});
    }
    if (!is_asked) ++report_.foreign;
  } else if (!place && waiting == nullptr) {
    ++unclaimed_[{effect.session, effect.words}];
  }
}

void WitnessCheck::see_end(const command::WaitEnded& ended, std::uint64_t index) {
  const auto it = waits_.find(ended.waiter);
  if (it == waits_.end()) return;
  const Wait wait = it->second;
  waits_.erase(it);
  see_double(wait.effect, ended.reply, index);
  const bool is_pushed = wait.place && !settled_[*wait.place] &&
                         reading_.history[*wait.place].is_answered() &&
                         reading_.history[*wait.place].index == 0;
  if (is_pushed) return compare(*wait.place, ended.reply, index);
  const bool is_told = answer_one(wait.effect, ended.reply, false).has_value();
  if (!is_told && wait.effect.request == 0 && !wait.place) {
    ++unclaimed_[{wait.effect.session, wait.effect.words}];
  }
}

/// Whoever was told this at this index, and asked for it.
std::optional<Place> WitnessCheck::answer_one(const Effect& effect, const Reply& reply,
                                              bool is_queued) {
  const std::uint64_t index = machine_->last_index();
  for (std::size_t i = next_; i < dues_.size() && dues_[i].index == index; ++i) {
    Due& due = dues_[i];
    const Operation& operation = reading_.history[due.place];
    const bool is_his =
        !due.is_judged && due.is_queued == is_queued && reading_.words[due.place] == effect.words &&
        operation.request == effect.request && session_of(due.place) == effect.session;
    if (!is_his) continue;
    if (!is_queued && !difference(reply, *operation.reply, Precision::Exact).empty()) continue;
    due.is_judged = true;
    if (!is_queued) settled_[due.place] = true;
    if (!is_queued) ++report_.found;
    if (entry_ != nullptr) {
      callers_[operation.client] = {entry_->origin.connection, entry_->origin.user};
    }
    return due.place;
  }
  return std::nullopt;
}

void WitnessCheck::compare(Place place, const Reply& reply, std::uint64_t index) {
  settled_[place] = true;
  ++report_.found;
  const resp::Value& told = *reading_.history[place].reply;
  const std::string expected = difference(reply, told, Precision::Exact);
  if (expected.empty()) return;
  report_.add({"answer",
               fmt::format("its wait ended at index {} with {}, and it was told {}", index,
                           expected, told_text(told)),
               {place},
               index});
}

void WitnessCheck::see_double(const Effect& effect, const Reply& reply, std::uint64_t index) {
  const std::uint64_t token = token_of(reply);
  if (token == 0 || effect.request == 0) return;
  const auto [it, is_new] = tokens_.emplace(Numbered{effect.session, effect.request}, token);
  if (is_new || it->second == token) return;
  report_.add({"L4",
               fmt::format("request {} of session {} was granted twice, with tokens {} and {}",
                           effect.request, effect.session, it->second, token),
               {},
               index});
}

void WitnessCheck::hear_model(const std::optional<ModelJudge::Finding>& finding) {
  if (!finding) return;
  std::vector<std::size_t> places;
  if (finding->place) places.push_back(*finding->place);
  report_.add({"model", "by the naive model:\n  " + finding->sentence, places, finding->index});
}

void WitnessCheck::finish() {
  find_lost(~std::uint64_t{0});
  resolve_unanswered();
  hear_model(model_.finish(*machine_));
  report_.judged_by_model = model_.judged();
  report_.model = model_.name();
}

}  // namespace checker
