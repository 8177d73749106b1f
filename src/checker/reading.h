// A history, read once for all layers: what each operation asked for, when its
// effect can have been at the earliest, and which others are repeats of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checker/history.h"
#include "command/command.h"
#include "command/limits.h"

namespace checker {

/// An operation by its place in the history.
using Place = std::uint32_t;

struct Reading {
  explicit Reading(const History& operations);

  /// What the operation asked of the machine; nothing: it is answered without the machine, or is
  /// not understood. `ticket` gets its ASYNC ticket.
  std::optional<command::Command> command_of(Place place, std::string* ticket = nullptr) const;

  /// The greatest index of an entry that is known to be whole and is less than `index`.
  std::uint64_t before(std::uint64_t index) const;

  bool is_repeat(Place place) const { return first[place] != place; }
  /// The least index that the effect of what it asked for can have: of a repeat the effect may be
  /// older than the answer, and is younger than all that returned before it was first asked for.
  std::uint64_t effect_after(Place place) const {
    return has_repeats[place] ? floor[first[place]] : before(history[place].index);
  }

  const History& history;
  std::vector<std::uint64_t> words;  ///< a fingerprint of the command; 0: none for the machine
  std::vector<std::uint8_t> kind;
  std::vector<Place> first;          ///< invoked first of all with the same session and number
  std::vector<bool> has_repeats;     ///< it is not the only one
  std::vector<std::uint64_t> floor;  ///< the greatest index of what returned before it was invoked
  std::vector<Place> floor_of;       ///< who that was, if the floor is not 0
  std::vector<std::uint64_t> ends;   ///< known last indexes of entries, ascending

 private:
  void read_words();
  void find_repeats();
  void sweep();

  command::Limits limits_;
};

/// What an operation showed its client: an index of the state that it knew then.
std::uint64_t shown_index(const Operation& operation);

/// The token in an answer, 0: there is none.
std::uint64_t token_in(const resp::Value& reply);

/// One that differs from another by its secret alone is the same.
std::uint64_t words_of(const command::Command& command);

}  // namespace checker
