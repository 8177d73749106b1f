// The commands on events, barriers and latches.
#include "command/parse.h"
#include "command/parse_arguments.h"
#include "command/parse_commands.h"

namespace command {
namespace {

Duration parse_wait(Arguments& args) {
  return args.milliseconds("WAIT", 0, args.limits().wait_max_ms);
}

/// The payload may stand by itself; one that could be taken for an option comes after PAYLOAD.
/// `read(option)` reads the command's own options.
template <class C, class Read>
void read_payload_and_options(Arguments& args, C& command, Read&& read) {
  bool has_payload = false;
  const auto read_options = [&] {
    while (const auto option = args.next_known_option()) {
      if (option != Option::Payload) {
        read(*option);
        continue;
      }
      if (has_payload) args.refuse(Code::Malformed, "the payload is given twice");
      command.payload = args.payload("PAYLOAD");
      has_payload = true;
    }
  };
  read_options();
  if (!has_payload && args.has_more()) {
    command.payload = args.payload("the payload");
    has_payload = true;
    read_options();
  }
}

}  // namespace

Call parse_event_set(Arguments& args) {
  EventSet set;
  set.name = args.name("name");
  read_payload_and_options(args, set, [&](Option option) {
    if (option == Option::Auto) set.automatic = true;
  });
  return for_machine(std::move(set));
}

Call parse_event_reset(Arguments& args) {
  return for_machine(EventReset{std::string(args.name("name"))});
}

Call parse_event_wait(Arguments& args) {
  EventWait wait;
  wait.name = args.name("name");
  while (const auto option = args.next_option()) {
    if (option == Option::After) {
      wait.after = static_cast<std::uint64_t>(args.number("AFTER", 0, kNumberMax));
    }
    if (option == Option::Wait) wait.wait = parse_wait(args);
  }
  return for_machine(std::move(wait));
}

Call parse_event_info(Arguments& args) {
  return for_machine(EventInfo{std::string(args.name("name"))});
}

Call parse_barrier_arrive(Arguments& args) {
  BarrierArrive arrive;
  bool has_parties = false;
  arrive.name = args.name("name");
  read_payload_and_options(args, arrive, [&](Option option) {
    if (option == Option::Parties) {
      arrive.parties = args.number("PARTIES", 1, args.limits().parties_max);
      has_parties = true;
    }
    if (option == Option::As) arrive.participant = args.name("AS");
    if (option == Option::OnDeath) {
      arrive.on_death = static_cast<OnDeath>(args.choice("ONDEATH", {"BREAK", "SHRINK"}));
    }
    if (option == Option::Wait) arrive.wait = parse_wait(args);
  });
  if (!has_parties) args.refuse_missing(Option::Parties);
  return for_machine(std::move(arrive));
}

Call parse_barrier_info(Arguments& args) {
  return for_machine(BarrierInfo{std::string(args.name("name"))});
}

Call parse_latch_set(Arguments& args) {
  LatchSet set;
  set.name = args.name("name");
  set.count = args.number("the count", 0, args.limits().latch_max);
  return for_machine(std::move(set));
}

Call parse_latch_countdown(Arguments& args) {
  LatchCountdown countdown;
  countdown.name = args.name("name");
  while (const auto option = args.next_option()) {
    if (option == Option::As) countdown.participant = args.name("AS");
  }
  return for_machine(std::move(countdown));
}

Call parse_latch_wait(Arguments& args) {
  LatchWait wait;
  wait.name = args.name("name");
  while (const auto option = args.next_option()) {
    if (option == Option::Wait) wait.wait = parse_wait(args);
  }
  return for_machine(std::move(wait));
}

Call parse_latch_info(Arguments& args) {
  return for_machine(LatchInfo{std::string(args.name("name"))});
}

}  // namespace command
