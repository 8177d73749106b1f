// Exclusion, tokens, single effects and order, from the answers alone.
#include <fmt/format.h>

#include <algorithm>

#include "checker/observed.h"
#include "checker/observed_grants.h"

namespace checker {
namespace {

std::string name_of(const Spot& spot) {
  std::string name = spot.second;
  std::replace(name.begin(), name.end(), '\0', '/');
  return name;
}

/// What one hold does to one key.
struct Span {
  const Hold* hold = nullptr;
  bool is_shared = false;
  std::uint64_t exclusive_until = 0;  ///< 0: never
};

std::map<Spot, std::vector<Span>> spans_of(const Grants& grants) {
  std::map<Spot, std::vector<Span>> spans;
  for (const Hold& hold : grants.holds) {
    for (const auto& [spot, is_shared] : hold.spots) {
      Span span{&hold, is_shared, is_shared ? 0 : hold.alive};
      const auto cap = hold.exclusive_until.find(spot.second);
      const bool is_lowered = spot.first == Ground::Lock && cap != hold.exclusive_until.end();
      if (is_lowered) span.exclusive_until = std::min(span.exclusive_until, cap->second);
      spans[spot].push_back(span);
    }
  }
  for (auto& [spot, list] : spans) {
    std::sort(list.begin(), list.end(),
              [](const Span& a, const Span& b) { return a.hold->token < b.hold->token; });
  }
  return spans;
}

/// Nobody begins while another, whom he excludes, is known to hold.
void check_exclusion(const Spot& spot, const std::vector<Span>& spans, Report& report) {
  const Hold* longest = nullptr;
  const Span* exclusive = nullptr;
  for (const Span& span : spans) {
    const std::uint64_t begin = span.hold->token;
    const Hold* other = nullptr;
    if (exclusive != nullptr && exclusive->exclusive_until >= begin) other = exclusive->hold;
    if (!span.is_shared && longest != nullptr && longest->alive >= begin) other = longest;
    if (other != nullptr) {
      report.add({"L1",
                  fmt::format("{} was granted with token {} while token {} held it until index {} "
                              "at least",
                              name_of(spot), begin, other->token, other->alive),
                  {other->granted, other->seen_alive, span.hold->granted},
                  begin});
    }
    if (longest == nullptr || span.hold->alive > longest->alive) longest = span.hold;
    const bool lasts = exclusive == nullptr || span.exclusive_until > exclusive->exclusive_until;
    if (span.exclusive_until != 0 && lasts) exclusive = &span;
  }
}

/// No more permits out than any limit that was ever named.
void check_permits(const Spot& spot, const std::vector<Span>& spans, std::int64_t limit,
                   Report& report) {
  std::vector<const Hold*> by_end;
  for (const Span& span : spans) by_end.push_back(span.hold);
  std::sort(by_end.begin(), by_end.end(),
            [](const Hold* a, const Hold* b) { return a->alive < b->alive; });
  auto gone = by_end.begin();
  std::int64_t out = 0;
  for (const Span& span : spans) {
    out += span.hold->permits;
    for (; gone != by_end.end() && (*gone)->alive < span.hold->token; ++gone) {
      out -= (*gone)->permits;
    }
    if (limit == 0 || out <= limit) continue;
    report.add({"L1",
                fmt::format("{} permits of {} are out with token {}, and its limit is {}", out,
                            name_of(spot), span.hold->token, limit),
                {span.hold->granted},
                span.hold->token});
  }
}

/// A token is the index of an entry that came after all that was known when it was asked for, and
/// not after the answer.
void check_tokens(const Reading& reading, const Grants& grants, Report& report) {
  for (const auto& [hold, place] : grants.told_twice) {
    const Hold& before = grants.holds[hold];
    report.add({"L2",
                fmt::format("token {} was given twice", before.token),
                {before.granted, place},
                before.token});
  }
  for (const Hold& hold : grants.holds) {
    const Place first = reading.first[hold.granted];
    if (!hold.has_owner && hold.token <= reading.floor[first]) {
      report.add({"L2",
                  fmt::format("token {} was given to a request that was made when index {} was "
                              "known",
                              hold.token, reading.floor[first]),
                  {reading.floor_of[first], hold.granted},
                  hold.token});
    }
    const std::uint64_t index = reading.history[hold.granted].index;
    if (index != 0 && hold.token > index) {
      report.add(
          {"L2",
           fmt::format("token {} is greater than the index {} of its answer", hold.token, index),
           {hold.granted},
           hold.token});
    }
  }
}

/// Whatever is said again under one number is answered alike.
void check_repeats(const Reading& reading, Report& report) {
  std::map<Place, Place> answered;  // by the first of all repeats
  for (Place i = 0; i < reading.history.size(); ++i) {
    const Operation& operation = reading.history[i];
    const bool counts = reading.has_repeats[i] && operation.is_answered() &&
                        !operation.reply->is_error() && reading.words[i] != 0;
    if (!counts) continue;
    const auto [it, is_new] = answered.emplace(reading.first[i], i);
    if (is_new) continue;
    const resp::Value& before = *reading.history[it->second].reply;
    const resp::Value& now = *operation.reply;
    std::string wrong;
    if (reading.words[i] != reading.words[it->second]) {
      wrong = "two different commands were done under one number";
    } else if (token_in(before) != token_in(now)) {
      wrong = fmt::format("the repeat got token {}, the first had got {}", token_in(now),
                          token_in(before));
    } else if (before.type == resp::Type::Integer && before.integer != now.integer) {
      wrong = fmt::format("the repeat was answered {}, the first {}", now.integer, before.integer);
    }
    if (!wrong.empty()) report.add({"L4", wrong, {it->second, i}, operation.index});
  }
}

/// Among equals who came first is served first.
void check_order(const Spot& spot, const std::vector<const Candidate*>& equals, Report& report) {
  auto by_latest = equals;
  std::erase_if(by_latest, [](const Candidate* c) {
    return c->token == 0 || c->arrived_until == ~std::uint64_t{0};
  });
  auto by_earliest = equals;
  std::erase_if(by_earliest, [](const Candidate* c) { return c->token == 0; });
  std::sort(by_latest.begin(), by_latest.end(), [](const Candidate* a, const Candidate* b) {
    return a->arrived_until < b->arrived_until;
  });
  std::sort(by_earliest.begin(), by_earliest.end(), [](const Candidate* a, const Candidate* b) {
    return a->arrived_after < b->arrived_after;
  });
  auto next = by_latest.begin();
  const Candidate* last_served = nullptr;
  for (const Candidate* later : by_earliest) {
    for (; next != by_latest.end() && (*next)->arrived_until <= later->arrived_after; ++next) {
      if (last_served == nullptr || (*next)->token > last_served->token) last_served = *next;
    }
    if (last_served == nullptr) continue;
    ++report.queued;
    if (last_served->token <= later->token) continue;
    report.add(
        {"L6",
         fmt::format("{} was granted with token {} before token {}, whose request had been "
                     "queued by index {}",
                     name_of(spot), later->token, last_served->token, last_served->arrived_until),
         {last_served->place, later->place},
         later->token});
  }
}

}  // namespace

void check_holds(const Reading& reading, Report& report) {
  const Grants grants(reading);
  report.holds = grants.holds.size();
  for (const auto& [spot, spans] : spans_of(grants)) {
    if (spot.first == Ground::Semaphore) {
      const auto limit = grants.greatest_limit.find(spot.second);
      check_permits(spot, spans, limit->second, report);
    } else {
      check_exclusion(spot, spans, report);
    }
  }
  check_tokens(reading, grants, report);
  check_repeats(reading, report);
  for (const auto& [spot, candidates] : grants.candidates) {
    std::map<std::uint8_t, std::vector<const Candidate*>> equals;
    for (const Candidate& candidate : candidates) {
      equals[candidate.priority].push_back(&candidate);
    }
    for (const auto& [priority, list] : equals) check_order(spot, list, report);
  }
}

}  // namespace checker
