// A hold in words.
#include "cli/audit/hold.h"

#include <fmt/format.h>

#include "cli/text.h"
#include "state/flows.h"

namespace cli {

std::string who_asked(const Asker& asker) {
  if (asker.session == 0) return fmt::format("{}, connection {}", asker.user, asker.connection);
  if (asker.name.empty()) return fmt::format("session {}", asker.session);
  return fmt::format("{} (session {})", printable(asker.name), asker.session);
}

std::string what_asked(const Asker& asker) {
  if (asker.space == state::Space::Task || asker.space == state::Space::Result) {
    const auto [flow, task] = state::split_task_key(asker.keys.front().key);
    return fmt::format("{} {}", in_quotes_if_needed(flow), in_quotes_if_needed(task));
  }
  std::string text;
  for (const command::KeyMode& key : asker.keys) {
    if (!text.empty()) text += ", ";
    text += in_quotes_if_needed(key.key);
    if (key.shared && asker.space == state::Space::Lock) text += " shared";
  }
  if (asker.space == state::Space::Semaphore) text += fmt::format(" x{}", asker.permits);
  return text;
}

std::string_view kind_of(state::Space space) {
  switch (space) {
    case state::Space::Lock: return "lock";
    case state::Space::Semaphore: return "semaphore";
    case state::Space::Election: return "election";
    case state::Space::Task: return "task";
    case state::Space::Pool: return "pool";
    case state::Space::Result: return "result";
    case state::Space::Event: return "event";
    case state::Space::Barrier: return "barrier";
    case state::Space::Latch: return "latch";
  }
  return "unknown";
}

}  // namespace cli
