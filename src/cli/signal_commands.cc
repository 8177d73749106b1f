// `turnstile event`, `turnstile latch` and `turnstile barrier`: signals between shell scripts.
//
// Waiting prints what came with the signal, so that a script can use it. A wait ends with the
// status of one that was not granted when its time is over.
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cli/exit_status.h"
#include "cli/subcommands.h"
#include "turnstile/barrier.h"
#include "turnstile/client.h"
#include "turnstile/event.h"
#include "turnstile/latch.h"

namespace cli {
namespace {

using std::chrono::milliseconds;

struct SignalArguments {
  std::string url;
  std::string name;
  std::string payload;
  bool automatic = false;
  std::optional<std::uint64_t> after;
  std::optional<milliseconds> wait;
  int count = 0;
  int parties = 0;
  std::string participant;
  bool shrinks = false;
};
using Shared = std::shared_ptr<SignalArguments>;

/// Without a time the wait has no end: again and again as long as the server waits at all.
template <class Try>
auto wait_out(const SignalArguments& arguments, Try&& try_once) {
  while (true) {
    auto result = try_once(arguments.wait.value_or(turnstile::kWaitMax));
    const bool is_over = arguments.wait || !result.failed_with(turnstile::ErrorCode::Busy);
    if (is_over) return std::move(result).value();
  }
}

int done() { return number_of(ExitStatus::Success); }

int set_event(const SignalArguments& arguments) {
  auto client = turnstile::Client::connect(arguments.url);
  using Kind = turnstile::Event::Kind;
  turnstile::Event event(client, arguments.name,
                         arguments.automatic ? Kind::Automatic : Kind::Manual);
  fmt::print("{}\n", event.set(arguments.payload));
  return done();
}

int reset_event(const SignalArguments& arguments) {
  auto client = turnstile::Client::connect(arguments.url);
  fmt::print("{}\n", turnstile::Event(client, arguments.name).reset() ? "reset" : "it was not set");
  return done();
}

int wait_for_event(const SignalArguments& arguments) {
  auto client = turnstile::Client::connect(arguments.url);
  turnstile::Event event(client, arguments.name);
  const turnstile::Event::Signal signal = wait_out(arguments, [&](milliseconds wait) {
    return event.try_wait({.wait = wait}, arguments.after);
  });
  fmt::print("{} {}\n", signal.generation, signal.payload);
  return done();
}

int set_latch(const SignalArguments& arguments) {
  auto client = turnstile::Client::connect(arguments.url);
  fmt::print("{}\n", turnstile::Latch(client, arguments.name).set(arguments.count));
  return done();
}

int count_latch_down(const SignalArguments& arguments) {
  auto client = turnstile::Client::connect(arguments.url);
  turnstile::Latch latch(client, arguments.name);
  fmt::print("{}\n", latch.count_down(arguments.participant));
  return done();
}

int wait_for_latch(const SignalArguments& arguments) {
  auto client = turnstile::Client::connect(arguments.url);
  turnstile::Latch latch(client, arguments.name);
  if (!arguments.wait) {
    latch.wait();
  } else if (!latch.wait_for(*arguments.wait)) {
    return complain("the latch was not opened in time", ExitStatus::NotGranted);
  }
  return done();
}

int arrive(const SignalArguments& arguments) {
  auto client = turnstile::Client::connect(arguments.url);
  turnstile::Barrier barrier(
      client, arguments.name, arguments.parties,
      {.participant = arguments.participant,
       .on_death = arguments.shrinks ? turnstile::OnDeath::Shrink : turnstile::OnDeath::Break});
  const turnstile::Barrier::Passage passage = wait_out(arguments, [&](milliseconds wait) {
    return barrier.try_arrive_and_wait(arguments.payload, {.wait = wait});
  });
  for (const std::string& payload : passage.payloads) fmt::print("{}\n", payload);
  return done();
}

CLI::App& add_part(Program& program, CLI::App& group, const Shared& arguments,
                   const Description& description, int (*run)(const SignalArguments&)) {
  CLI::App& app = program.add_to(group, description, [arguments, run] { return run(*arguments); });
  app.add_option("NAME", arguments->name, "What it is called")->required();
  add_server_option(app, arguments->url);
  return app;
}

void add_wait(CLI::App& app, const Shared& arguments) {
  add_duration_option(app, "--wait", arguments->wait,
                      "Gives up after this; 0 only looks. Without it: waits as long as it takes");
}

void add_participant(CLI::App& app, const Shared& arguments) {
  app.add_option("--as", arguments->participant, "Who says it: a repeat counts once")
      ->type_name("NAME");
}

}  // namespace

void add_event(Program& program) {
  const auto arguments = std::make_shared<SignalArguments>();
  CLI::App& group = program.add_group({.name = "event",
                                       .summary = "Sets an event, or waits for one.",
                                       .usage = "set|reset|wait NAME [OPTIONS]",
                                       .examples = "turnstile event set cut-off 2026-11-25\n"
                                                   "turnstile event wait cut-off"});
  CLI::App& set = add_part(program, group, arguments,
                           {.name = "set",
                            .summary = "Sets an event, and prints its new generation.",
                            .usage = "NAME [PAYLOAD] [OPTIONS]",
                            .examples = "turnstile event set cut-off 2026-11-25"},
                           set_event);
  set.add_option("PAYLOAD", arguments->payload, "For those who wait");
  set.add_flag("--auto", arguments->automatic, "One of those who wait goes on, and it is reset");
  add_part(program, group, arguments,
           {.name = "reset",
            .summary = "Takes an event back, so that it is waited for again.",
            .usage = "NAME [OPTIONS]",
            .examples = "turnstile event reset cut-off"},
           reset_event);
  CLI::App& wait =
      add_part(program, group, arguments,
               {.name = "wait",
                .summary = "Waits until an event is set, and prints its generation and "
                           "its payload.",
                .usage = "NAME [OPTIONS]",
                .examples = "turnstile event wait cut-off --wait 8h\n"
                            "turnstile event wait rates --after 8812"},
               wait_for_event);
  wait.add_option("--after", arguments->after, "It must have been set since this generation")
      ->type_name("N");
  add_wait(wait, arguments);
}

void add_latch(Program& program) {
  const auto arguments = std::make_shared<SignalArguments>();
  CLI::App& group = program.add_group({.name = "latch",
                                       .summary = "Counts a latch down, or waits until it is open.",
                                       .usage = "set|down|wait NAME [OPTIONS]",
                                       .examples = "turnstile latch set loaded 3\n"
                                                   "turnstile latch down loaded --as shard-2\n"
                                                   "turnstile latch wait loaded"});
  CLI::App& set = add_part(program, group, arguments,
                           {.name = "set",
                            .summary = "Makes a latch that opens after so many counts.",
                            .usage = "NAME COUNT [OPTIONS]",
                            .examples = "turnstile latch set loaded 3"},
                           set_latch);
  set.add_option("COUNT", arguments->count, "How often it is counted down")->required();
  CLI::App& down = add_part(program, group, arguments,
                            {.name = "down",
                             .summary = "Counts once, and prints what is left.",
                             .usage = "NAME [OPTIONS]",
                             .examples = "turnstile latch down loaded --as shard-2"},
                            count_latch_down);
  add_participant(down, arguments);
  add_wait(add_part(program, group, arguments,
                    {.name = "wait",
                     .summary = "Waits until a latch is open.",
                     .usage = "NAME [OPTIONS]",
                     .examples = "turnstile latch wait loaded --wait 10m"},
                    wait_for_latch),
           arguments);
}

void add_barrier(Program& program) {
  const auto arguments = std::make_shared<SignalArguments>();
  CLI::App& app = program.add(
      {.name = "barrier",
       .summary = "Waits until so many have arrived, and prints what each of them brought, one a\n"
                  "line.",
       .usage = "NAME --parties N [PAYLOAD] [OPTIONS]",
       .examples = "turnstile barrier close/2026-11-25 --parties 3 --as branch-4 \"$total\""},
      [arguments] { return arrive(*arguments); });
  app.add_option("NAME", arguments->name, "What it is called")->required();
  app.add_option("PAYLOAD", arguments->payload, "What this one brings");
  app.add_option("--parties", arguments->parties, "How many must arrive; all must say the same")
      ->required()
      ->type_name("N");
  add_participant(app, arguments);
  app.add_flag("--shrink", arguments->shrinks,
               "If this one dies it is not waited for; without it, all others get an error");
  add_wait(app, arguments);
  add_server_option(app, arguments->url);
}

}  // namespace cli
