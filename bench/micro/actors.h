// What the micro-benchmarks share: a machine with clients in it that speak the
// words of the wire.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "command/parse.h"
#include "state/machine.h"

namespace bench {

inline command::Command command_of(const std::vector<std::string>& words) {
  const std::vector<std::string_view> argv(words.begin(), words.end());
  auto request = command::parse(argv, command::Limits{});
  CHECK(request.has_value());
  return std::get<command::Command>(std::move(request->call));
}

/// A machine that is asked one thing a microsecond.
class Service {
 public:
  Service() { say(0, command::Configure{command::Rules{}}); }

  std::uint64_t open_session() {
    command::SessionOpen open;
    open.ttl = base::Duration::from_seconds(3'600);
    return std::get<command::Opened>(say(0, open).reply).session;
  }

  command::Outcome say(std::uint64_t session, command::Command command) {
    entry_.index = machine_.next_index();
    entry_.now = entry_.now + base::Duration::from_us(1);
    entry_.origin = {"", 1, session};
    entry_.command = std::move(command);
    return machine_.apply(entry_);
  }
  command::Outcome say(std::uint64_t session, const std::vector<std::string>& words) {
    return say(session, command_of(words));
  }
  const state::Machine& machine() const { return machine_; }

 private:
  state::Machine machine_;
  command::Entry entry_;
};

}  // namespace bench
