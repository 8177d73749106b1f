// Settings in, exit status out.
#include "server/serve.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>

#include "server/server.h"

namespace server {
namespace {

int report(const base::Error& error) {
  fmt::print(stderr, "turnstile: {}\n", error.message);
  return error.exit_status();
}

base::Result<void> set_up_log(const std::string& level_name) {
  const auto level = spdlog::level::from_str(level_name);
  if (level == spdlog::level::off && level_name != "off") {
    return base::failure(base::Fault::Config,
                         fmt::format("log_level \"{}\" is none of trace, debug, info, warning, "
                                     "error, critical, off",
                                     level_name));
  }
  auto logger = std::make_shared<spdlog::logger>(
      "turnstile", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  logger->set_level(level);
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  return {};
}

}  // namespace

int serve(const ServeOptions& options, const OpenSharedLog& open_shared_log) {
  auto config = load_config(options);
  if (!config) return report(config.error());
  if (auto logging = set_up_log(config->log_level); !logging) return report(logging.error());
  std::signal(SIGPIPE, SIG_IGN);
  Server server(std::move(*config), open_shared_log);
  if (auto started = server.start(); !started) return report(started.error());
  if (auto ended = server.run(); !ended) {
    return report({ended.error().fault,
                   "stopping because the journal failed, nothing "
                   "unacknowledged was let out: " +
                       ended.error().message});
  }
  return 0;
}

}  // namespace server
