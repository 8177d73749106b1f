// Any bytes as a talk with the machine: whatever is said, its invariants hold, a
// second machine that hears the same decides the same, and a snapshot is as good
// as the original.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "state/machine.h"
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  state::Walk<state::ByteChoices> walk{state::ByteChoices(bytes), state::Extent::Full};
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
  return 0;
}
