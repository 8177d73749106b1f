// Lines of tab-separated fields, in a rotating file.
#include "server/refusal_log.h"

#include <fmt/format.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>

#include "command/quote.h"

namespace server {
namespace {

constexpr std::size_t kFileBytes = 4 << 20;
constexpr std::size_t kOldFiles = 1;

/// The key, flow, election or signal that a command is about; of several the first.
std::string_view key_of(const command::Command& command) {
  return std::visit(
      [](const auto& c) -> std::string_view {
        if constexpr (requires { c.keys; }) {
          return c.keys.front().key;
        } else if constexpr (requires { c.key; }) {
          return c.key;
        } else if constexpr (requires { c.flow; }) {
          return c.flow;
        } else if constexpr (requires { c.tasks; }) {
          return c.tasks.front();
        } else if constexpr (requires { c.name; }) {
          return c.name;
        } else {
          return {};
        }
      },
      command);
}

}  // namespace

base::Result<RefusalLog> RefusalLog::open(const std::string& folder) {
  try {
    auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_st>(folder + "/refusals.log",
                                                                       kFileBytes, kOldFiles);
    auto logger = std::make_shared<spdlog::logger>("refusals", std::move(sink));
    logger->set_pattern("%v");
    logger->flush_on(spdlog::level::off);
    return RefusalLog(std::move(logger));
  } catch (const spdlog::spdlog_ex& error) {
    return base::failure(base::Fault::Io, error.what());
  }
}

void RefusalLog::add(const command::Entry& entry, const command::Refused& refused) {
  const std::int64_t wall_ms = entry.wall.us() / 1000;
  logger_->info("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}", entry.index - 1, wall_ms,
                command::quoted(entry.origin.user), entry.origin.connection, entry.origin.session,
                command::kind_name(command::kind_of(entry.command)),
                command::quoted(key_of(entry.command)), command::error_info(refused.code).wire);
}

void RefusalLog::flush() { logger_->flush(); }

}  // namespace server
