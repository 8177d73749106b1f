// `turnstile elect`: runs COMMAND while it leads.
#include <memory>

#include "cli/held.h"
#include "cli/subcommands.h"
#include "turnstile/election.h"

namespace cli {
namespace {

struct ElectOptions : HeldOptions {
  std::string name;
  std::string value;
};

int run_elect(const Program& program, const ElectOptions& options) {
  return run_holding(program, options, "turnstile elect NAME --value TEXT -- COMMAND...",
                     [options](turnstile::Client& client, turnstile::AcquireOptions acquire) {
                       turnstile::Election election(client, options.name);
                       return election.campaign(options.value, std::move(acquire)).into_grant();
                     });
}

}  // namespace

void add_elect(Program& program) {
  const auto options = std::make_shared<ElectOptions>();
  const Description description{
      .name = "elect",
      .summary =
          "Campaigns, runs COMMAND while it leads, resigns when COMMAND has ended, and\n"
          "exits as COMMAND does. The term is the fencing token.",
      .usage = "NAME --value TEXT [OPTIONS] -- COMMAND...",
      .examples = "turnstile elect dispatcher --value 10.0.0.7:9000 -- ./dispatch.sh",
      .remarks = kHeldRemarks};
  CLI::App& app =
      program.add(description, [options, &program] { return run_elect(program, *options); });
  program.keep_after_dashes(app);
  app.add_option("NAME", options->name, "The election")->required();
  app.add_option("--value", options->value, "What others are told of the leader")
      ->type_name("TEXT")
      ->required();
  add_held_options(app, *options);
}

}  // namespace cli
