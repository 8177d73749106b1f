// turnstile-sim: worlds from seeds, until something is wrong or the count is reached.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>

#ifdef TURNSTILE_SIM_CLUSTER
#include "sim/cluster/run.h"
#endif
#include "sim/run.h"

int main(int argc, char** argv) {
  CLI::App app(
      "Runs the service, its clients, disk, network and clocks in one process, from a seed, with "
      "everything going wrong that can. Prints one line that replays a failure.",
      "turnstile-sim");
  sim::RunOptions options;
  app.add_option("seed", options.first, "the first seed")->default_val(1);
  app.add_option("--count", options.count, "how many seeds to run")->default_val(1);
  app.add_flag("--twice", options.is_twice, "run every seed twice; otherwise one in a hundred is");
  app.add_flag("--json", options.is_json, "print the sum as JSON");
  app.add_flag("--quiet", options.is_quiet, "print no progress");
  app.add_flag("--history", options.prints_history, "print what the clients of the seed saw");
  app.add_flag("--every-fault", options.needs_every_fault,
               "fail if a kind of fault has never happened, for then nothing was tested of it");
#ifdef TURNSTILE_SIM_CLUSTER
  bool is_cluster = false;
  app.add_flag("--cluster", is_cluster,
               "worlds of several nodes that share their journal in an etcd, which is made up too");
#endif
  CLI11_PARSE(app, argc, argv);
  spdlog::set_level(spdlog::level::off);
#ifdef TURNSTILE_SIM_CLUSTER
  if (is_cluster) return sim::run_clusters(options);
#endif
  return sim::run(options);
}
