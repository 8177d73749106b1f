// Which holds of a history somebody asks for.
#pragma once

#include <string>

#include "cli/audit/hold.h"

namespace cli {

/// What is empty or 0 selects everything.
struct Selection {
  std::string key;     ///< a lock, semaphore or election of this name
  std::string prefix;  ///< of such names, and of flows
  std::string flow;
  std::string holder;  ///< the name of a session, its number, or a user
  std::string cause;   ///< why it ended: "released", "expired" ...; "held": it did not
  std::uint64_t token = 0;

  bool takes(const Hold& hold) const;
  bool takes(const Refusal& refusal) const;

 private:
  bool takes_asker(const Asker& asker) const;
};

}  // namespace cli
