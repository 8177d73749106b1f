// `turnstile sem`: runs COMMAND while it holds permits of a semaphore.
#include <memory>
#include <optional>

#include "cli/held.h"
#include "cli/subcommands.h"
#include "turnstile/semaphore.h"

namespace cli {
namespace {

struct SemOptions : HeldOptions {
  std::string key;
  std::optional<int> limit;
  int permits = 1;
};

int run_sem(const Program& program, const SemOptions& options) {
  return run_holding(program, options, "turnstile sem KEY --limit N -- COMMAND...",
                     [options](turnstile::Client& client, turnstile::AcquireOptions acquire) {
                       turnstile::Semaphore semaphore(client, options.key, options.limit,
                                                      std::move(acquire));
                       return semaphore.acquire(options.permits);
                     });
}

}  // namespace

void add_sem(Program& program) {
  const auto options = std::make_shared<SemOptions>();
  const Description description{
      .name = "sem",
      .summary =
          "Runs COMMAND while it holds permits of a semaphore, so that at most --limit of\n"
          "them are out at a time, and exits as COMMAND does.",
      .usage = "KEY --limit N [OPTIONS] -- COMMAND...",
      .examples =
          "turnstile sem gateway --limit 20 -- ./charge.sh\n"
          "turnstile sem workers --limit 8 --permits 3 --wait 1m -- ./rebuild.sh",
      .remarks = kHeldRemarks};
  CLI::App& app =
      program.add(description, [options, &program] { return run_sem(program, *options); });
  program.keep_after_dashes(app);
  app.add_option("KEY", options->key, "The semaphore")->required();
  app.add_option("--limit", options->limit, "How many permits there are; all must say the same")
      ->check(CLI::Range(1, 1'000'000).description(""))
      ->type_name("N");
  app.add_option("--permits", options->permits, "How many of them to take (1)")
      ->check(CLI::Range(1, 1'000'000).description(""))
      ->type_name("N");
  add_held_options(app, *options);
}

}  // namespace cli
