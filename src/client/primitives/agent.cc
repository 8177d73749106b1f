// Names of agents, by counting.
#include "client/primitives/agent.h"

#include <fmt/format.h>

#include <atomic>
#include <cstdint>

namespace turnstile::client {
namespace {

bool is_named(const AcquireOptions& options) {
  return !options.agent.empty() || !options.owner.empty();
}

}  // namespace

const std::string& name_of_this_thread() {
  static std::atomic<std::uint64_t> count{0};
  thread_local const std::string name = fmt::format("t{}", ++count);
  return name;
}

AcquireOptions with_agent(AcquireOptions options) {
  if (!is_named(options)) options.agent = name_of_this_thread();
  return options;
}

AcquireOptions with_agent_of_its_own(AcquireOptions options) {
  static std::atomic<std::uint64_t> count{0};
  if (!is_named(options)) options.agent = fmt::format("a{}", ++count);
  return options;
}

}  // namespace turnstile::client
