// What a check found: what was looked at, what it could not judge, and every promise that it saw
// broken, with the operations that show it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace checker {

struct Violation {
  /// A number of docs/semantics.md or docs/tasks.md; "order": an operation depends on less than one
  /// that had returned before; "answer": the machine answers otherwise at that index.
  std::string promise;
  std::string sentence;
  std::vector<std::size_t> operations;  ///< places in the history, from 0
  std::uint64_t index = 0;              ///< of the journal; 0: none in particular
};

struct Report {
  // The history.
  std::uint64_t operations = 0;
  std::uint64_t answered = 0;
  std::uint64_t refused = 0;         ///< of the answered ones
  std::uint64_t without_index = 0;   ///< answered, and no index is known that it depends on
  std::uint64_t not_understood = 0;  ///< no command of the machine's, PING for one

  // What was compared by each layer.
  std::uint64_t ordered = 0;      ///< by real time
  std::uint64_t holds = 0;        ///< distinct grants of the history
  std::uint64_t queued = 0;       ///< of which the order was compared
  std::uint64_t completions = 0;  ///< of tasks
  std::uint64_t generations = 0;  ///< of signals

  // The witness.
  bool has_witness = false;
  std::uint64_t entries = 0;
  std::uint64_t found = 0;     ///< operations whose effect is in the journal
  std::uint64_t repeated = 0;  ///< refusals, reads and repeats, judged at their index
  std::uint64_t unjudged = 0;  ///< answered operations that the witness says nothing about
  std::uint64_t applied = 0;   ///< never answered, and in the journal
  std::uint64_t not_applied = 0;
  std::uint64_t foreign = 0;  ///< entries of nobody in the history: the service's, other clients'
  std::uint64_t judged_by_model = 0;
  std::string model;  ///< which naive model judged the entries, or why none did

  std::uint64_t violation_count = 0;
  std::vector<Violation> violations;  ///< the first of them

  bool is_good() const { return violation_count == 0; }
  void add(Violation violation) {
    constexpr std::size_t kKept = 1'000;
    ++violation_count;
    if (violations.size() < kKept) violations.push_back(std::move(violation));
  }
};

}  // namespace checker
