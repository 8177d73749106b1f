// For tests: the events, barriers and latches of the toy server.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/testing/task_answers.h"

namespace turnstile::client {

class ToySignals {
 public:
  using Words = std::vector<std::string>;

  /// Replies to EVENT.*, BARRIER.* and LATCH.*.
  std::string serve(const Words& words) {
    Signal& signal = signals_[words[0].substr(0, words[0].find('.')) + " " + words[1]];
    signal.name = words[1];
    if (words[0].ends_with(".INFO")) return "%1\r\n" + bulk("waiting") + integer(waiting(signal));
    if (words[0] == "EVENT.SET") return set(signal, words);
    if (words[0] == "EVENT.RESET") return integer(std::exchange(signal.is_set, false) ? 1 : 0);
    if (words[0] == "LATCH.SET") return make_latch(signal, std::stol(words[2]));
    if (words[0] == "LATCH.COUNTDOWN") return count_down(signal, option(words, "AS"));
    Wait wait{.ticket = option(words, "ASYNC"),
              .request = option(words, "REQUEST"),
              .after = std::stol("0" + option(words, "AFTER")),
              .payload = option(words, "PAYLOAD")};
    std::erase_if(signal.waits, [&](const Wait& w) { return w.request == wait.request; });
    if (words[0] == "BARRIER.ARRIVE") return arrive(signal, std::move(wait), words);
    const bool is_open = signal.is_set && signal.generation > wait.after;
    if (is_open) return take(signal);
    return queue(signal, std::move(wait));
  }

  std::string take_pushes() { return std::exchange(pushes_, {}); }

  std::string withdraw(const std::string& ticket) {
    for (auto& [name, signal] : signals_) {
      const auto gone =
          std::erase_if(signal.waits, [&](const Wait& wait) { return wait.ticket == ticket; });
      if (gone != 0) return push(ticket, "-CANCELLED withdrawn\r\n") + integer(1);
    }
    return {};
  }
  /// One who had arrived died.
  void break_barrier(const std::string& name) {
    for (const Wait& wait : std::exchange(signals_["BARRIER " + name].waits, {})) {
      pushes_ += push(wait.ticket, "-BROKEN a session died\r\n");
    }
  }

 private:
  struct Wait {
    std::string ticket;
    std::string request;
    std::int64_t after = 0;
    std::string payload;
  };
  struct Signal {
    std::string name;
    bool is_set = false;
    bool is_automatic = false;
    std::int64_t generation = 0;
    std::int64_t left = 0;
    std::set<std::string> counted;
    std::string payload;
    std::deque<Wait> waits;
  };

  static std::string option(const Words& words, std::string_view name) {
    for (std::size_t i = 2; i + 1 < words.size(); ++i) {
      if (words[i] == name) return words[i + 1];
    }
    return {};
  }
  static std::int64_t waiting(const Signal& signal) {
    return static_cast<std::int64_t>(signal.waits.size());
  }

  static std::string queue(Signal& signal, Wait wait) {
    if (wait.ticket.empty()) return "-BUSY not yet\r\n";
    signal.waits.push_back(std::move(wait));
    return std::string(kQueued);
  }
  static std::string take(Signal& signal) {
    if (signal.is_automatic) signal.is_set = false;
    return signalled(signal.name, signal.generation, signal.payload);
  }
  void open(Signal& signal) {
    signal.is_set = true;
    while (signal.is_set && !signal.waits.empty()) {
      const std::string ticket = signal.waits.front().ticket;
      signal.waits.pop_front();
      pushes_ += push(ticket, take(signal));
    }
  }

  std::string set(Signal& signal, const Words& words) {
    const bool is_automatic = std::ranges::count(words, "AUTO") != 0;
    if (signal.generation != 0 && signal.is_automatic != is_automatic) {
      return "-CONFLICT it is of the other kind\r\n";
    }
    signal.is_automatic = is_automatic;
    signal.generation = ++last_generation_;
    signal.payload = option(words, "PAYLOAD");
    open(signal);
    return integer(signal.generation);
  }

  std::string make_latch(Signal& signal, std::int64_t count) {
    if (signal.left > 0) return "-CONFLICT it is being counted\r\n";
    signal.left = count;
    signal.is_set = false;
    signal.counted.clear();
    signal.generation = ++last_generation_;
    if (count == 0) open(signal);
    return integer(signal.generation);
  }
  std::string count_down(Signal& signal, const std::string& participant) {
    const bool counts = participant.empty() || signal.counted.insert(participant).second;
    if (counts && signal.left > 0 && --signal.left == 0) open(signal);
    return integer(signal.left);
  }

  std::string arrive(Signal& signal, Wait wait, const Words& words) {
    const auto parties = std::stol(option(words, "PARTIES"));
    if (waiting(signal) + 1 < parties) return queue(signal, std::move(wait));
    std::vector<std::string> payloads;
    for (const Wait& other : signal.waits) payloads.push_back(other.payload);
    payloads.push_back(wait.payload);
    const std::string outcome = passed(signal.name, ++last_generation_, payloads);
    for (const Wait& other : std::exchange(signal.waits, {}))
      pushes_ += push(other.ticket, outcome);
    return outcome;
  }

  std::map<std::string, Signal> signals_;
  std::string pushes_;
  std::int64_t last_generation_ = 0;
};

}  // namespace turnstile::client
