// One client for all attempts; it is closed with this, which gives back what is still held.
#include "cli/flow/running.h"

#include <utility>

#include "base/result.h"
#include "cli/exit_status.h"

namespace cli {
namespace {

/// Of the TTL, as for `lock`: COMMAND is gone before somebody else has the task.
constexpr int kGraceDivisor = 5;

/// base::Result's error as an exception, for where the status of a subcommand is decided.
int signal_of(const std::string& name) {
  const base::Result<int> signal = parse_signal(name);
  if (!signal) throw turnstile::Error(turnstile::ErrorCode::Invalid, signal.error().message);
  return *signal;
}

}  // namespace

Running::Running(const RunningOptions& options, const std::vector<std::string>& command)
    : url_(options.url), client_(std::make_shared<std::optional<turnstile::Client>>()) {
  options_.name = name_of_process(command.front());
  if (options.ttl) options_.ttl = *options.ttl;
  rules_.command = command;
  rules_.stop = {.signal = signal_of(options.signal),
                 .grace = options.grace.value_or(options_.ttl / kGraceDivisor)};
  rules_.reads_json = options.json_results;
}

std::variant<turnstile::Attempt, Interrupted> Running::get(Get get) {
  return get_interruptibly<turnstile::Attempt>(
      [client = client_, url = url_, options = options_,
       get = std::move(get)](std::stop_token stop) {
        if (!*client) client->emplace(turnstile::Client::connect(url, options));
        return get(**client, std::move(stop));
      },
      signals_);
}

AttemptReport Running::run(turnstile::Attempt attempt, bool extends, bool inherits_input) {
  AttemptRules rules = rules_;
  rules.extends = extends;
  rules.inherits_input = inherits_input;
  AttemptReport report = run_attempt(attempt, rules, signals_, inherited_);
  asked_to_end_ = report.asked_to_end;
  // Nothing is said to the server; the end of the session is what tells it.
  if (report.end == AttemptEnd::Unknown) client().close();
  return report;
}

int end_by(int signal) {
  die_by(signal);
  return status_of_signal(signal);
}

void add_running_options(CLI::App& app, RunningOptions& options) {
  app.add_option("--priority", options.priority, "0 to 9; higher goes first")
      ->check(CLI::Range(0, 9).description(""))
      ->type_name("N");
  app.add_option("--note", options.note, "Why, for those who look at it")->type_name("TEXT");
  app.add_flag("--json-results", options.json_results,
               "The results of the predecessors are JSON, also that of a single one");
  add_duration_option(app, "--ttl", options.ttl,
                      "The task is somebody else's when the server has not heard of us for so\n"
                      "long (10s)");
  app.add_option("--signal", options.signal, "What COMMAND gets when it is stopped (TERM)")
      ->type_name("NAME");
  add_duration_option(app, "--grace", options.grace,
                      "How long after that it is killed (a fifth of --ttl)");
  add_server_option(app, options.url);
}

}  // namespace cli
