// The book of a history: who held what, from when to when, and why it ended.
//
// It watches a machine that replays the history and keeps what is open; what has
// ended is handed on, so that its size is that of the state and not that of the
// history. What it sees it checks against the promises by itself, without the
// machine's own books: two signals of the mission's model never contradict each other.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cli/audit/hold.h"
#include "command/entry.h"
#include "command/reply.h"
#include "state/machine.h"
#include "state/watcher.h"

namespace cli {

/// A promise that the history breaks.
struct Breach {
  std::string promise;  ///< "L1"
  std::uint64_t index = 0;
  std::string sentence;
};

class Ledger final : public state::Watcher {
 public:
  struct Handlers {
    std::function<void(const Hold&)> hold;        ///< it has ended
    std::function<void(const Refusal&)> refusal;  ///< a wait came to nothing
    std::function<void(const Breach&)> breach;
    std::function<void(const state::Task&, const Moment&)> task = {};  ///< another state of it
  };

  /// The machine lives as long as this, and is watched by it.
  Ledger(const state::Machine& machine, Handlers handlers)
      : machine_(machine), handlers_(std::move(handlers)) {}

  /// The machine was restored: what is held already begins the book.
  void restored();
  /// Hands on what is still held.
  void close();

  void before(const command::Entry& entry) override;
  void after(const command::Entry& entry, const command::Outcome& outcome) override;
  void on_refusal(const state::Waiter& waiter, command::Code code,
                  const std::string& sentence) override;
  void on_grant(const state::Grant& grant, base::Time asked) override;
  void on_conversion(std::uint64_t token_before, const state::Grant& grant) override;
  void on_end(const state::Grant& grant, state::EndCause cause) override;
  void on_task(const state::Task& task) override;

 private:
  Moment now() const { return {entry_->index, entry_->now, entry_->wall}; }
  Asker asker_of(const state::Claim& claim) const;
  Hold hold_of(const state::Grant& grant) const;
  void open(Hold hold);
  Hold take(std::uint64_t token);
  Hold::End end_of(const Hold& hold, const state::Grant& grant, state::EndCause cause) const;
  void check_exclusion(const Hold& hold);
  void check_token(std::uint64_t token);
  void check_predecessors(const state::Grant& grant);
  void check_end(const state::Grant& grant, state::EndCause cause);
  void see_notice(const command::Notice& notice);
  void complain(std::string promise, std::string sentence);

  using Place = std::pair<state::Space, base::Text>;

  const state::Machine& machine_;
  Handlers handlers_;
  const command::Entry* entry_ = nullptr;
  absl::btree_map<std::uint64_t, Hold> open_;                       ///< by token
  absl::flat_hash_map<Place, std::vector<std::uint64_t>> holders_;  ///< tokens
  absl::flat_hash_map<std::uint64_t, base::Time> signs_;            ///< of life, by session
  absl::flat_hash_set<std::string> ended_tasks_;                    ///< by task_key()
  std::uint64_t newest_ = 0;                                        ///< token
};

}  // namespace cli
