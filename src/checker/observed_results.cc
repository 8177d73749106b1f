// Results of tasks and generations of signals, from the answers alone.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "checker/observed.h"

namespace checker {
namespace {

using TaskName = std::pair<std::string, std::string>;  // flow, task

struct Completion {
  Place place = 0;
  std::uint64_t token = 0;
  std::string result;
  std::uint64_t after = 0;  ///< an index before its effect
  std::uint64_t until = 0;  ///< an index at or after its effect
};

struct Attempt {
  Place place = 0;
  std::uint64_t token = 0;
};

/// Everything about one task, as it was answered.
struct Story {
  std::vector<Completion> completions;
  std::vector<Completion> unheard;  ///< without an answer: they may have taken effect
  std::vector<Attempt> attempts;    ///< by rising token
};

std::string text_in(const resp::Value& reply, const char* field) {
  const resp::Value* value = reply.find(field);
  return value == nullptr ? std::string() : value->text;
}

class Stories {
 public:
  explicit Stories(const Reading& reading) : reading_(reading) {
    for (Place i = 0; i < reading.history.size(); ++i) read(i);
    for (auto& [name, story] : stories_) {
      std::sort(story.attempts.begin(), story.attempts.end(),
                [](const Attempt& a, const Attempt& b) { return a.token < b.token; });
    }
  }

  void check(Report& report) const {
    for (const auto& [name, story] : stories_) {
      report.completions += story.completions.size();
      check_single(name, story, report);
      check_takeover(name, story, report);
      for (const Attempt& attempt : story.attempts) check_results(name, attempt, report);
    }
  }

 private:
  void read(Place place) {
    const Operation& operation = reading_.history[place];
    const auto kind = reading_.kind[place];
    if (kind == command::TaskComplete::kKind && !operation.is_answered()) {
      const auto asked = *reading_.command_of(place);
      const auto& said = std::get<command::TaskComplete>(asked);
      stories_[{said.flow, said.task}].unheard.push_back(
          {place, said.token, said.result, reading_.effect_after(place), 0});
    }
    if (!operation.is_answered() || operation.reply->is_error()) return;
    if (kind == command::TaskJoin::kKind || kind == command::TaskTake::kKind) {
      const std::uint64_t token = token_in(*operation.reply);
      if (token == 0) return;
      const TaskName name{text_in(*operation.reply, "flow"), text_in(*operation.reply, "task")};
      stories_[name].attempts.push_back({place, token});
    } else if (kind == command::TaskComplete::kKind && operation.reply->as_integer() == 1) {
      const auto asked = *reading_.command_of(place);
      const auto& said = std::get<command::TaskComplete>(asked);
      stories_[{said.flow, said.task}].completions.push_back(
          {place, said.token, said.result, reading_.effect_after(place), operation.index});
    }
  }

  /// F4: a completion is accepted once; said again by another request it is answered 0.
  void check_single(const TaskName& name, const Story& story, Report& report) const {
    std::map<std::uint64_t, Place> accepted;  // by token
    for (const Completion& completion : story.completions) {
      const auto [it, is_new] = accepted.emplace(completion.token, completion.place);
      if (is_new || reading_.first[it->second] == reading_.first[completion.place]) continue;
      report.add({"F4",
                  fmt::format("attempt {} of {}/{} was completed twice", completion.token,
                              name.first, name.second),
                  {it->second, completion.place},
                  completion.until});
    }
  }

  /// F4: nobody completes what another has taken over.
  static void check_takeover(const TaskName& name, const Story& story, Report& report) {
    for (const Completion& completion : story.completions) {
      const auto later = std::upper_bound(
          story.attempts.begin(), story.attempts.end(), completion.token,
          [](std::uint64_t token, const Attempt& attempt) { return token < attempt.token; });
      if (later == story.attempts.end() || later->token > completion.after) continue;
      report.add({"F4",
                  fmt::format("{}/{} was completed with token {} after an attempt with token {} "
                              "had begun",
                              name.first, name.second, completion.token, later->token),
                  {later->place, completion.place},
                  completion.until});
    }
  }

  /// F1 and F3: the results that an attempt is handed are those of completions before it.
  void check_results(const TaskName& name, const Attempt& attempt, Report& report) const {
    const resp::Value* results = reading_.history[attempt.place].reply->find("results");
    if (results == nullptr) return;
    for (const resp::Value& result : results->items) {
      const auto before = stories_.find({name.first, text_in(result, "task")});
      if (text_in(result, "state") != "completed" || before == stories_.end()) continue;
      check_result(name, attempt, before->second, result, report);
    }
  }

  static void check_result(const TaskName& name, const Attempt& attempt, const Story& before,
                           const resp::Value& result, Report& report) {
    if (before.completions.empty()) return;
    const std::string told = text_in(result, "result");
    const auto may_be_told = [&](const Completion& completion) {
      return completion.after < attempt.token && completion.result == told;
    };
    const bool is_explained = std::ranges::any_of(before.completions, may_be_told) ||
                              std::ranges::any_of(before.unheard, may_be_told);
    if (is_explained) return;
    const bool is_before = std::ranges::any_of(
        before.completions, [&](const Completion& c) { return c.after < attempt.token; });
    report.add(
        {is_before ? "F1" : "F3",
         fmt::format(
             "{}/{} was handed {} by {} with token {}, {}", name.first, name.second,
             is_before ? "another result" : "a result", text_in(result, "task"), attempt.token,
             is_before ? "than that which it completed with" : "and that was completed only later"),
         {before.completions.front().place, attempt.place},
         attempt.token});
  }

  const Reading& reading_;
  std::map<TaskName, Story> stories_;
};

// --- signals

/// G1: each EVENT.SET is one generation, and they grow with the index.
struct Sets {
  struct Set {
    std::uint64_t index = 0;
    std::uint64_t generation = 0;
    Place place = 0;
  };
  std::map<std::string, std::vector<Set>> of;

  void check(Report& report) {
    for (auto& [name, sets] : of) {
      std::sort(sets.begin(), sets.end(), [](const Set& a, const Set& b) {
        return std::tie(a.index, a.generation) < std::tie(b.index, b.generation);
      });
      for (std::size_t i = 1; i < sets.size(); ++i) {
        ++report.generations;
        if (sets[i].generation > sets[i - 1].generation) continue;
        report.add({"G1",
                    fmt::format("event {} was set to generation {} after generation {}", name,
                                sets[i].generation, sets[i - 1].generation),
                    {sets[i - 1].place, sets[i].place},
                    sets[i].index});
      }
    }
  }
};

/// G1: all who are answered by one generation are told the same.
struct Rounds {
  std::map<std::tuple<std::uint8_t, std::string, std::uint64_t>, Place> of;

  void see(std::uint8_t kind, const std::string& name, std::uint64_t generation, Place place,
           const Reading& reading, Report& report) {
    ++report.generations;
    const auto [it, is_new] = of.emplace(std::tuple{kind, name, generation}, place);
    const Operation& first = reading.history[it->second];
    if (is_new || *first.reply == *reading.history[place].reply) return;
    report.add({"G1",
                fmt::format("two were told differently of generation {} of {}", generation, name),
                {it->second, place},
                reading.history[place].index});
  }
};

std::uint64_t generation_in(const resp::Value& reply) {
  const resp::Value* value = reply.find("generation");
  return value == nullptr ? 0 : static_cast<std::uint64_t>(value->as_integer().value_or(0));
}

void check_signals(const Reading& reading, Report& report) {
  Sets sets;
  Rounds rounds;
  for (Place i = 0; i < reading.history.size(); ++i) {
    const Operation& operation = reading.history[i];
    const std::uint8_t kind = reading.kind[i];
    const bool is_signal = kind == command::EventSet::kKind || kind == command::EventWait::kKind ||
                           kind == command::BarrierArrive::kKind ||
                           kind == command::LatchWait::kKind;
    if (!is_signal || !operation.is_answered() || operation.reply->is_error()) continue;
    const command::Command asked = *reading.command_of(i);
    if (const auto* set = std::get_if<command::EventSet>(&asked)) {
      const auto generation = operation.reply->as_integer().value_or(0);
      // A repeat is answered later than it took effect.
      if (operation.index == 0 || reading.has_repeats[i]) continue;
      sets.of[set->name].push_back({operation.index, static_cast<std::uint64_t>(generation), i});
      continue;
    }
    const std::uint64_t generation = generation_in(*operation.reply);
    std::string name;
    if (const auto* wait = std::get_if<command::EventWait>(&asked)) {
      name = wait->name;
      if (wait->after && generation <= *wait->after) {
        report.add({"G1",
                    fmt::format("who waited for what is newer than generation {} of {} was told "
                                "of generation {}",
                                *wait->after, name, generation),
                    {i},
                    operation.index});
      }
    } else if (const auto* arrive = std::get_if<command::BarrierArrive>(&asked)) {
      name = arrive->name;
    } else {
      name = std::get<command::LatchWait>(asked).name;
    }
    rounds.see(kind, name, generation, i, reading, report);
  }
  sets.check(report);
}

}  // namespace

void check_results(const Reading& reading, Report& report) {
  Stories(reading).check(report);
  check_signals(reading, report);
}

}  // namespace checker
