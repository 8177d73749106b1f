// The journal as the witness of what clients were told.
//
// Its entries are replayed into a machine, one after another. Each answer in the
// history must be what the machine says: where it took effect, at that entry; a
// refusal, a read or a repeat, which are not journalled, in the state of the index
// that the answer bears. An answer to something that is not there was lost (L11). What was
// never answered is looked for: it happened once or not at all (L4).
//
// The machine is the product's own, so beside it a naive model judges every entry,
// as far as there is one that knows all the commands of the journal.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "checker/model_judge.h"
#include "checker/reading.h"
#include "checker/report.h"
#include "command/entry.h"
#include "state/machine.h"

namespace checker {

class WitnessCheck {
 public:
  /// Both live as long as this.
  WitnessCheck(const Reading& reading, Report& report, ModelJudge::Threads threads);
  ~WitnessCheck();

  /// Begins with a saved state instead of nothing. At most once, before any entry.
  base::Result<void> restore(std::string_view snapshot);
  /// The next entry. Fault::Corrupt if it cannot follow the ones before.
  base::Result<void> replay(const command::Entry& entry);
  /// After the last one.
  void finish();

 private:
  using Numbered = std::pair<std::uint64_t, std::uint64_t>;  // session, REQUEST
  /// An answer, or a QUEUED, that is to be judged at its index.
  struct Due {
    std::uint64_t index = 0;
    Place place = 0;
    bool is_queued = false;
    bool is_judged = false;
  };
  /// What an entry did, for one who asked.
  struct Effect {
    std::uint64_t session = 0;
    std::uint64_t request = 0;
    std::uint64_t words = 0;
  };
  /// A wait as the journal knows it.
  struct Wait {
    Effect effect;
    std::optional<Place> place;  ///< that was told QUEUED
  };
  /// From where a client spoke last.
  struct Caller {
    std::uint64_t connection = 0;
    std::string user;
  };

  // witness.cc: entries
  void settle_pushes(std::uint64_t begin, std::uint64_t end);
  void record(const command::Entry& entry);
  void rebuild();
  static Effect effect_of(const command::Entry& entry);
  void see_effect(const Effect& effect, const command::Reply& reply, std::uint64_t index);
  void see_end(const command::WaitEnded& ended, std::uint64_t index);
  std::optional<Place> answer_one(const Effect& effect, const command::Reply& reply,
                                  bool is_queued);
  void compare(Place place, const command::Reply& reply, std::uint64_t index);
  void see_double(const Effect& effect, const command::Reply& reply, std::uint64_t index);

  void hear_model(const std::optional<ModelJudge::Finding>& finding);

  // witness_answers.cc: what is not in the journal
  std::uint64_t session_of(Place place) const;
  void judge_rest(std::uint64_t end);
  bool is_beyond_the_machine(Place place, const command::Command& asked) const;
  command::Entry trial_of(Place place, command::Command asked, std::string ticket) const;
  void judge_unjournalled(const Due& due);
  void complain(Place place, const resp::Value& told, const std::string& expected,
                const char* promise, std::uint64_t index);
  void find_lost(std::uint64_t up_to);
  void resolve_unanswered();
  void judge_unsettled(Place place);

  const Reading& reading_;
  Report& report_;
  std::unique_ptr<state::Machine> machine_ = std::make_unique<state::Machine>();
  ModelJudge model_;

  std::vector<Due> dues_;      ///< by rising index
  std::size_t next_ = 0;       ///< the first of them that is not judged yet
  std::vector<bool> settled_;  ///< by place: its answer has been judged
  absl::flat_hash_map<std::uint64_t, Wait> waits_;
  absl::flat_hash_map<Numbered, std::uint64_t> tokens_;  ///< that a request was granted
  absl::flat_hash_set<Numbered> effects_;
  absl::flat_hash_set<Numbered> asked_;
  absl::flat_hash_set<std::uint64_t> sessions_;             ///< of which the history knows numbers
  absl::flat_hash_map<Numbered, std::uint64_t> unclaimed_;  ///< by session and words: how many
  absl::flat_hash_map<std::uint64_t, Caller> callers_;      ///< by client
  const command::Entry* entry_ = nullptr;                   ///< while its own answer is looked for

  std::string base_;  ///< a state, and the entries since then, for a machine that was misled
  std::string log_;
  std::uint64_t logged_ = 0;
  std::uint64_t rebuilds_ = 0;
};

}  // namespace checker
