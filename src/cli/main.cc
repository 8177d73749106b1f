// The `turnstile` program. Its subcommands are in the other files of this
// folder; only `serve` is here, because no other file may see the server.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/program.h"
#include "cli/subcommands.h"
#ifdef TURNSTILE_ETCD
#include "journal/etcd/etcd_log.h"
#endif
#include "server/serve.h"
#include "server/version.h"

namespace {

#ifdef TURNSTILE_ETCD
base::Result<std::unique_ptr<journal::SharedLog>> open_shared_log(const server::Config& config) {
  journal::EtcdLogOptions options;
  options.access.members = config.etcd.members;
  options.access.ca_file = config.etcd.ca_file;
  options.access.certificate_file = config.etcd.certificate_file;
  options.access.key_file = config.etcd.key_file;
  options.access.user = config.etcd.user;
  options.password_file = config.etcd.password_file;
  options.prefix = config.etcd.prefix;
  options.node = config.advertise;
  return journal::open_etcd_log(options);
}
server::OpenSharedLog shared_log_opener() { return open_shared_log; }
#else
server::OpenSharedLog shared_log_opener() { return {}; }
#endif

void add_serve(cli::Program& program) {
  const auto options = std::make_shared<server::ServeOptions>();
  CLI::App& app = program.add(
      {.name = "serve",
       .summary = "Runs a server until SIGTERM or SIGINT.",
       .usage = "[OPTIONS]",
       .examples = "turnstile serve --data /var/lib/turnstile\n"
                   "turnstile serve --listen 127.0.0.1:7421 --unix /run/turnstile.sock\n"
                   "turnstile serve --config /etc/turnstile.toml",
       .remarks = "What the command line says goes before what the configuration file says."},
      [options] { return server::serve(*options, shared_log_opener()); });
  app.add_option("--listen", options->listen,
                 "127.0.0.1:7420 unless given; port 0 is any free one; none: no TCP")
      ->type_name("HOST:PORT");
  app.add_option("--unix", options->unix_path, "Listens on a Unix socket too")->type_name("PATH");
  app.add_option("--data", options->data_dir, "Where the journal is; ./turnstile-data unless given")
      ->type_name("DIR");
  app.add_option("--journal", options->journal,
                 "file; memory: nothing survives the end of the process; or "
                 "etcd://HOST:PORT,.../PREFIX, which several servers share")
      ->type_name("KIND");
  app.add_option("--advertise", options->advertise,
                 "Where the other nodes of the cluster and its clients reach this one; as --listen "
                 "unless given")
      ->type_name("HOST:PORT");
  app.add_option("--config", options->config_path, "Settings in TOML")->type_name("FILE");
  app.add_option("--port-file", options->port_file, "Where the TCP ports are written, one a line")
      ->type_name("FILE");
  app.add_option("--log-level", options->log_level, "trace, debug, info, warning, error, off")
      ->type_name("LEVEL");
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program(server::kVersion);
  add_serve(program);
  cli::add_lock(program);
  cli::add_sem(program);
  cli::add_elect(program);
  cli::add_task(program);
  cli::add_work(program);
  cli::add_event(program);
  cli::add_latch(program);
  cli::add_barrier(program);
  cli::add_ls(program);
  cli::add_info(program);
  cli::add_flows(program);
  cli::add_flow(program);
  cli::add_why(program);
  cli::add_top(program);
  cli::add_revoke(program);
  cli::add_resolve(program);
  cli::add_redrive(program);
  cli::add_cancel(program);
  cli::add_sessions(program);
  cli::add_call(program);
  cli::add_journal(program);
  cli::add_check(program);
  cli::add_audit(program);
  cli::add_trace(program);
  cli::add_cluster(program);
  return program.run(argc, argv);
}
