// Any bytes as a snapshot: an error, or a machine that keeps its invariants from
// there on, however it is used. Never a crash.
//
// The first half of the input makes a real machine, of locks or of tasks and
// signals, whose snapshot the second half then damages; else hardly any input would
// get beyond the first field.
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "state/machine.h"
#include "state/test_choices.h"
#include "state/test_task_walk.h"
#include "state/test_walk.h"

namespace {

constexpr int kStepsMax = 60;

/// Lets the walk act on the machine and returns how it ended.
template <class Walk>
void act(Walk& walk, state::Machine& machine) {
  for (int i = 0; i < kStepsMax && !walk.is_over(); ++i) {
    const command::Entry entry =
        walk.next(machine.next_index(), machine.now(), machine.next_deadline());
    walk.learn(entry, machine.apply(entry));
  }
}

/// Eight bytes: a number where sums overflow, or the byte eight times.
std::string word_of(unsigned char byte) {
  constexpr std::int64_t kEdges[] = {std::numeric_limits<std::int64_t>::max(),
                                     std::numeric_limits<std::int64_t>::min(),
                                     -1,
                                     std::int64_t{1} << 62,
                                     std::int64_t{1} << 53,
                                     (std::int64_t{1} << 53) - 1,
                                     std::int64_t{1} << 52,
                                     1};
  constexpr std::size_t kFirst = 0xe8;
  if (byte < kFirst || byte >= kFirst + std::size(kEdges))
    return std::string(8, static_cast<char>(byte));
  std::string word;
  base::ByteWriter writer(word);
  writer(kEdges[byte - kFirst]);
  return word;
}

/// Overwrites, inserts and cuts in a few places, as the choices say.
void damage(std::string& bytes, state::ByteChoices choose) {
  const std::uint64_t wounds = 1 + choose(6);
  for (std::uint64_t i = 0; i < wounds && !bytes.empty(); ++i) {
    const std::size_t at = (choose(256) * 256 + choose(256)) % bytes.size();
    const auto byte = static_cast<unsigned char>(choose(256));
    switch (choose(4)) {
      case 0: bytes[at] = static_cast<char>(byte); break;
      case 1: bytes.insert(at, 1, static_cast<char>(byte)); break;
      case 2: bytes.erase(at, 1); break;
      case 3: bytes.replace(at, 8, word_of(byte)); break;
    }
  }
}

/// Says everything that reaches all parts of the state, until nothing is left.
void use_up(state::Machine& machine) {
  const auto say = [&](command::Command command, base::Time now) {
    command::Entry entry;
    entry.index = machine.next_index();
    entry.now = now;
    entry.command = std::move(command);
    machine.apply(entry);
    machine.check_invariants();
  };
  say(command::LockList{"", command::LockList::State::Any, 1'000, ""}, machine.now());
  say(command::SessionList{0, 1'000}, machine.now());
  say(command::FlowList{}, machine.now());
  say(command::Start{"fuzz"}, machine.now());
  for (int i = 0; i < 1'000 && machine.next_deadline() != base::Time::never(); ++i) {
    say(command::Tick{}, std::max(machine.now(), machine.next_deadline()));
  }
}

template <class Walk>
void try_restore(std::string_view bytes, Walk& walk) {
  state::Machine machine;
  if (!machine.restore(bytes)) return;
  machine.check_invariants();
  std::string again;
  machine.save(again);
  state::Machine copy;
  CHECK(copy.restore(again).has_value());
  CHECK_EQ(copy.digest(), machine.digest());
  act(walk, machine);
  machine.check_invariants();
  use_up(machine);
}

template <class Walk>
void restore_and_damage(std::string_view bytes) {
  const std::string_view talk = bytes.substr(0, bytes.size() / 2);
  Walk walk{state::ByteChoices(talk)};
  try_restore(bytes, walk);

  state::Machine machine;
  Walk making{state::ByteChoices(talk)};
  act(making, machine);
  std::string snapshot;
  machine.save(snapshot);
  damage(snapshot, state::ByteChoices(bytes.substr(bytes.size() / 2)));
  making.go_on(state::ByteChoices(talk));
  try_restore(snapshot, making);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool is_of_tasks = data[0] % 2 == 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (is_of_tasks) {
    restore_and_damage<state::TaskWalk<state::ByteChoices>>(bytes);
  } else {
    restore_and_damage<state::Walk<state::ByteChoices>>(bytes);
  }
  return 0;
}
