// Any bytes as a talk with the machine, about locks or about tasks and signals:
// whatever is said, its invariants hold, a second machine that hears the same
// decides the same, and a snapshot is as good as the original.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "state/machine.h"
#include "state/test_choices.h"
#include "state/test_task_walk.h"
#include "state/test_walk.h"

namespace {

constexpr int kStepsMax = 400;

void check_snapshot(const state::Machine& machine) {
  std::string bytes;
  machine.save(bytes);
  state::Machine copy;
  CHECK(copy.restore(bytes).has_value());
  CHECK_EQ(copy.digest(), machine.digest());
}

void check_journal(const command::Entry& entry, state::Machine& standby) {
  std::string payload;
  command::encode(entry, payload);
  command::Entry decoded;
  decoded.index = entry.index;
  decoded.now = entry.now;
  decoded.wall = entry.wall;
  CHECK(command::decode(payload, decoded).has_value());
  CHECK(standby.apply(decoded).changed);
}

template <class Walk>
void talk(Walk walk) {
  state::Machine machine;
  state::Machine standby;
  for (int i = 0; i < kStepsMax && !walk.is_over(); ++i) {
    const command::Entry entry =
        walk.next(machine.next_index(), machine.now(), machine.next_deadline());
    const std::uint64_t before = machine.digest();
    const command::Outcome outcome = machine.apply(entry);
    machine.check_invariants();
    if (outcome.changed) {
      check_journal(entry, standby);
      CHECK_EQ(standby.running_digest(), machine.running_digest());
    } else {
      CHECK_EQ(machine.digest(), before);
    }
    walk.learn(entry, outcome);
  }
  CHECK_EQ(standby.digest(), machine.digest());
  check_snapshot(machine);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool is_of_tasks = data[0] % 2 == 1;
  const state::ByteChoices choices({reinterpret_cast<const char*>(data) + 1, size - 1});
  if (is_of_tasks) {
    talk(state::TaskWalk<state::ByteChoices>(choices));
  } else {
    talk(state::Walk<state::ByteChoices>(choices));
  }
  return 0;
}
