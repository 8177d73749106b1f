// One case an option.
#include "command/parse_terms.h"

#include <algorithm>

namespace command {

bool read_term(Arguments& args, Option option, Terms& terms) {
  const Limits& limits = args.limits();
  switch (option) {
    case Option::Wait: terms.wait = args.milliseconds("WAIT", 0, limits.wait_max_ms); return true;
    case Option::Lease:
      terms.lease = args.milliseconds("LEASE", 1, limits.lease_max_ms);
      return true;
    case Option::Priority:
      terms.priority = static_cast<std::uint8_t>(
          args.number("PRIORITY", 0, std::min<std::int64_t>(limits.priority_max, 255)));
      return true;
    case Option::Note: terms.note = args.note("NOTE"); return true;
    case Option::Agent: terms.agent = args.name("AGENT"); return true;
    case Option::IfWithin:
      terms.within = args.milliseconds("IFWITHIN", 0, limits.wait_max_ms);
      return true;
    default: return false;
  }
}

}  // namespace command
