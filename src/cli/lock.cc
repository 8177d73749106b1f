// `turnstile lock`: runs COMMAND while it holds some keys.
#include <memory>
#include <vector>

#include "cli/held.h"
#include "cli/subcommands.h"

namespace cli {
namespace {

struct LockOptions : HeldOptions {
  std::vector<std::string> keys;
  bool shared = false;
};

int run_lock(const Program& program, const LockOptions& options) {
  return run_holding(program, options, "turnstile lock KEY... -- COMMAND...",
                     [options](turnstile::Client& client, turnstile::AcquireOptions acquire) {
                       acquire.shared = options.shared;
                       std::vector<turnstile::Key> keys(options.keys.begin(), options.keys.end());
                       return client.lock_all(std::move(keys), std::move(acquire));
                     });
}

}  // namespace

void add_lock(Program& program) {
  const auto options = std::make_shared<LockOptions>();
  const Description description{
      .name = "lock",
      .summary = "Runs COMMAND while it holds the keys, and exits as COMMAND does.",
      .usage = "KEY... [OPTIONS] -- COMMAND...",
      .examples =
          "turnstile lock account/7 -- ./pay.sh\n"
          "turnstile lock account/7 account/8 --wait 30s --note 'transfer 881' -- ./pay.sh\n"
          "turnstile lock report --wait 0 -- ./nightly.sh\n"
          "turnstile lock rates --shared -- sh -c './read.sh \"$TURNSTILE_TOKEN\"'",
      .remarks = kHeldRemarks};
  CLI::App& app =
      program.add(description, [options, &program] { return run_lock(program, *options); });
  program.keep_after_dashes(app);
  app.add_option("KEY", options->keys, "What to lock: all of them at once, or none")->required();
  app.add_flag("--shared", options->shared, "Together with other shared holders");
  add_held_options(app, *options);
}

}  // namespace cli
