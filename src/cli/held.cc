// Holding something while COMMAND runs.
//
// What can be lost is the hold, never the truth about it: COMMAND is stopped as
// soon as the hold may not be ours any more, and the exit status says so
// whatever COMMAND made of it. The token in the environment is what makes it
// safe all the same: COMMAND hands it to the database, which refuses old ones.
#include "cli/held.h"

#include <fmt/format.h>

#include <cstdio>
#include <expected>
#include <utility>
#include <variant>

#include "cli/exit_status.h"
#include "cli/interruptible.h"
#include "cli/process.h"
#include "cli/signals.h"
#include "cli/supervisor.h"

namespace cli {
namespace {

/// Of the TTL. The server keeps the keys of a lost client for at least 0.3 of the TTL after that
/// client gave up: COMMAND is gone before somebody else has them.
constexpr int kGraceDivisor = 5;

/// A grant and the client that keeps it alive.
struct HeldLock {
  turnstile::Client client;
  turnstile::Grant grant;
};

turnstile::Options client_options(const HeldOptions& options, const std::string& program) {
  turnstile::Options client;
  client.name = name_of_process(program);
  if (options.ttl) client.ttl = *options.ttl;
  return client;
}

std::variant<HeldLock, Interrupted> get_lock(const HeldOptions& options,
                                             const turnstile::Options& client_options,
                                             Acquire acquire, SignalQueue& signals) {
  turnstile::AcquireOptions wanted;
  wanted.wait = options.wait;
  wanted.priority = options.priority;
  wanted.note = options.note;
  return get_interruptibly<HeldLock>(
      [url = options.url, client_options, wanted,
       acquire = std::move(acquire)](std::stop_token stop) mutable -> HeldLock {
        turnstile::Client client = turnstile::Client::connect(url, client_options);
        wanted.stop = std::move(stop);
        turnstile::Grant grant = acquire(client, wanted);
        return {std::move(client), std::move(grant)};
      },
      signals);
}

std::string joined(const std::vector<std::string>& keys) {
  return fmt::format("{}", fmt::join(keys, "\n"));
}

ProcessOptions process_of(const std::vector<std::string>& command, const turnstile::Grant& grant,
                          const SignalQueue& signals) {
  return {.argv = command,
          .environment = {fmt::format("TURNSTILE_TOKEN={}", grant.token()),
                          "TURNSTILE_KEYS=" + joined(grant.keys())},
          .mask = signals.mask_before(),
          .files = {-1, -1, -1}};
}

/// COMMAND has ended by itself; says if the lock was not held any more by then.
int give_back(turnstile::Grant& grant, int status_of_command) {
  const turnstile::Result<bool> released = grant.try_release();
  if (released) return status_of_command;
  const turnstile::Error& error = released.error();
  if (status_of(error.code()) == ExitStatus::LockLost) {
    return complain(fmt::format("the lock was lost before COMMAND ended: {}", error.what()),
                    ExitStatus::LockLost);
  }
  fmt::print(stderr,
             "turnstile: COMMAND has ended; the lock could not be given back and will end "
             "by itself: {}\n",
             error.what());
  return status_of_command;
}

int run_while_held(HeldLock held, const std::vector<std::string>& command, SignalQueue& signals,
                   StopRules rules, const InheritedFiles& inherited) {
  const std::expected<pid_t, CannotStart> child =
      start_process(process_of(command, held.grant, signals), inherited);
  if (!child) {
    fmt::print(stderr, "turnstile: {}\n", child.error().sentence(command.front()));
    return give_back(held.grant, child.error().exit_status());
  }
  const Watched watched{.name = "the lock",
                        .lost = held.grant.lost(),
                        .is_held = [&grant = held.grant] { return grant.is_held(); },
                        .wanted = {}};
  Supervisor supervisor(*child, watched, signals, rules);
  supervisor.run();
  if (supervisor.was_lost()) return number_of(ExitStatus::LockLost);
  return give_back(held.grant, supervisor.exit_status());
}

int run(const HeldOptions& options, const std::vector<std::string>& command,
        Acquire acquire_grant) {
  const base::Result<int> signal = parse_signal(options.signal);
  if (!signal) return complain(signal.error());
  const InheritedFiles inherited;
  SignalQueue signals;
  const turnstile::Options client = client_options(options, command.front());
  const StopRules rules{*signal, options.grace.value_or(client.ttl / kGraceDivisor)};
  auto outcome = get_lock(options, client, std::move(acquire_grant), signals);
  if (const auto* interrupted = std::get_if<Interrupted>(&outcome)) {
    die_by(interrupted->signal);
    return status_of_signal(interrupted->signal);
  }
  return run_while_held(std::get<HeldLock>(std::move(outcome)), command, signals, rules, inherited);
}

}  // namespace

int run_holding(const Program& program, const HeldOptions& options, const std::string& usage,
                Acquire acquire_grant) {
  const auto& command = program.after_dashes();
  if (command && !command->empty()) return run(options, *command, std::move(acquire_grant));
  return complain("say what to run meanwhile, after two dashes:\n  " + usage, ExitStatus::Usage);
}

void add_held_options(CLI::App& app, HeldOptions& options) {
  add_duration_option(app, "--wait", options.wait,
                      "Gives up after this; 0 only tries. Without it: waits as long as it takes");
  app.add_option("--priority", options.priority, "0 to 9; higher goes first")
      ->check(CLI::Range(0, 9).description(""))
      ->type_name("N");
  app.add_option("--note", options.note, "Why, for those who look at it")->type_name("TEXT");
  add_duration_option(
      app, "--ttl", options.ttl,
      "The server frees what we hold when it has not heard of us for so long (10s)");
  app.add_option("--signal", options.signal, "What COMMAND gets when the hold is lost (TERM)")
      ->type_name("NAME");
  add_duration_option(app, "--grace", options.grace,
                      "How long after that it is killed (a fifth of --ttl)");
  add_server_option(app, options.url);
}

}  // namespace cli
