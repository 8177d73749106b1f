// Entries in words.
#include "cli/entry_text.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

#include "cli/command_words.h"
#include "cli/json.h"
#include "cli/text.h"
#include "cli/time_text.h"

namespace cli {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

std::string position(const command::Entry& entry) {
  const std::int64_t us = entry.now.us();
  return fmt::format("{:>8}  +{}.{:06}s  {}", entry.index, us / kSecondUs, us % kSecondUs,
                     exact_moment_text(entry.wall));
}

std::string origin(const command::Entry& entry) {
  const command::Origin& from = entry.origin;
  if (from.connection == 0 && from.session == 0 && from.user.empty()) return "the service";
  std::string out = from.user.empty() ? "nobody" : in_quotes_if_needed(from.user);
  if (from.connection != 0) out += fmt::format(" connection={}", from.connection);
  if (from.session != 0) out += fmt::format(" session={}", from.session);
  return out;
}

/// What comes with a command on the wire, but is no argument of it.
std::string additions(const command::Entry& entry) {
  std::string out;
  if (entry.request != 0) out += fmt::format(" REQUEST {}", entry.request);
  if (!entry.ticket.empty()) out += " ASYNC " + in_quotes_if_needed(entry.ticket);
  if (!entry.trace.empty()) out += " trace=" + in_quotes_if_needed(entry.trace);
  return out;
}

std::string_view name_of(const command::Entry& entry) {
  return command::kind_name(command::kind_of(entry.command));
}

Json json_start(const command::Entry& entry) {
  return {{"index", entry.index},
          {"cluster_us", entry.now.us()},
          {"wall_us", entry.wall.us()},
          {"wall", exact_moment_text(entry.wall)}};
}

}  // namespace

std::string entry_line(const command::Entry& entry) {
  std::string out = fmt::format("{}  {}  {}", position(entry), origin(entry), name_of(entry));
  for (const std::string& word : arguments_of(entry.command))
    out += ' ' + in_quotes_if_needed(word);
  return out + additions(entry);
}

std::string entry_json(const command::Entry& entry) {
  Json json = json_start(entry);
  json["user"] = entry.origin.user;
  json["connection"] = entry.origin.connection;
  json["session"] = entry.origin.session;
  if (entry.request != 0) json["request"] = entry.request;
  if (!entry.ticket.empty()) json["ticket"] = entry.ticket;
  if (!entry.trace.empty()) json["trace"] = entry.trace;
  json["command"] = name_of(entry);
  json["arguments"] = arguments_of(entry.command);
  return to_line(json);
}

std::string unreadable_line(const command::Entry& entry, const std::string& error) {
  return fmt::format("{}  {}", position(entry), printable(error));
}

std::string unreadable_json(const command::Entry& entry, const std::string& error) {
  Json json = json_start(entry);
  json["error"] = error;
  return to_line(json);
}

}  // namespace cli
