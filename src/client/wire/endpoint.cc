// Reading URLs by hand: four forms, and a clear sentence for whatever is none of them.
#include "client/wire/endpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <optional>

namespace turnstile::client {
namespace {

constexpr std::string_view kTcpScheme = "turnstile://";
constexpr std::string_view kUnixScheme = "unix:";

Error invalid(std::string_view text, std::string_view why) {
  return {ErrorCode::Invalid, fmt::format("ERR the server's address '{}' {}", text, why)};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

std::string to_string(const Endpoint& endpoint) {
  if (endpoint.is_unix()) return fmt::format("unix:{}", endpoint.path);
  const bool is_v6 = endpoint.host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", endpoint.host, endpoint.port)
               : fmt::format("{}:{}", endpoint.host, endpoint.port);
}

Result<Endpoint> parse_host_port(std::string_view text) {
  Endpoint endpoint;
  std::string_view rest = text;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == std::string_view::npos) return invalid(text, "lacks the bracket ']'");
    endpoint.host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
  } else {
    endpoint.host = rest.substr(0, rest.find(':'));
    rest.remove_prefix(endpoint.host.size());
  }
  if (endpoint.host.empty()) return invalid(text, "names no host");
  if (rest.empty()) return endpoint;
  if (!rest.starts_with(':')) return invalid(text, "has something else than ':PORT' behind ']'");
  const auto port = parse_port(rest.substr(1));
  if (!port) return invalid(text, "has no port from 1 to 65535 behind ':'");
  endpoint.port = *port;
  return endpoint;
}

Result<std::vector<Endpoint>> parse_url(std::string_view url) {
  if (url.starts_with(kUnixScheme)) {
    Endpoint endpoint;
    endpoint.path = url.substr(kUnixScheme.size());
    if (endpoint.path.empty()) return invalid(url, "names no path");
    return std::vector{endpoint};
  }
  if (!url.starts_with(kTcpScheme)) {
    return invalid(url, "begins with neither turnstile:// nor unix:");
  }
  std::vector<Endpoint> endpoints;
  std::string_view rest = url.substr(kTcpScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  while (true) {
    const auto comma = rest.find(',');
    auto endpoint = parse_host_port(rest.substr(0, comma));
    if (!endpoint) return endpoint.error();
    endpoints.push_back(std::move(*endpoint));
    if (comma == std::string_view::npos) return endpoints;
    rest.remove_prefix(comma + 1);
  }
}

std::string url_or_default(std::string_view url) {
  if (!url.empty()) return std::string(url);
  const char* from_environment = std::getenv("TURNSTILE_URL");
  if (from_environment != nullptr && *from_environment != '\0') return from_environment;
  return "turnstile://localhost";
}

}  // namespace turnstile::client
