// The commands of a session's life.
#include <algorithm>

#include "command/parse.h"
#include "command/parse_arguments.h"
#include "command/parse_commands.h"

namespace command {

Call parse_session_open(Arguments& args) {
  const std::int64_t min = args.limits().ttl_min_ms;
  const std::int64_t max = args.limits().ttl_max_ms;
  SessionOpen open;
  open.ttl = Duration::from_ms(std::max(min, std::min(kTtlDefaultMs, max)));
  while (const auto option = args.next_option()) {
    if (option == Option::Ttl) open.ttl = args.milliseconds("TTL", min, max);
    if (option == Option::Name) open.name = args.name("NAME");
    if (option == Option::OnClose) open.end_on_close = args.choice("ONCLOSE", {"KEEP", "END"}) == 1;
  }
  return for_machine(std::move(open));
}

Call parse_session_attach(Arguments& args) {
  Attach attach;
  attach.id = args.session_id();
  attach.secret = args.secret("the session's secret");
  return attach;
}

Call parse_session_keep_alive(Arguments&) { return for_machine(SessionKeepAlive{}); }

Call parse_session_close(Arguments&) { return for_machine(SessionClose{}); }

Call parse_session_info(Arguments& args) {
  SessionInfo info;
  if (args.has_more()) info.id = args.id("id");
  return Command{info};
}

Call parse_session_list(Arguments& args) {
  const std::int64_t max = args.limits().list_count;
  SessionList list;
  list.count = std::min(kListCountDefault, max);
  while (const auto option = args.next_option()) {
    if (option == Option::After) list.after = args.id("AFTER");
    if (option == Option::Count) list.count = args.number("COUNT", 1, max);
  }
  return Command{list};
}

}  // namespace command
