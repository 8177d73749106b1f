// For tests: what a server answers about tasks and signals, as bytes.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "client/testing/scripted_server.h"

namespace turnstile::client {

/// How a predecessor ended: `said` is its result if it completed, else the reason.
inline std::string ended(std::string_view task, std::string_view state, std::string_view said) {
  const bool is_completed = state == "completed";
  const std::string nothing = "_\r\n";
  return "%4\r\n" + bulk("task") + bulk(task) + bulk("state") + bulk(state) + bulk("result") +
         (is_completed ? bulk(said) : nothing) + bulk("reason") +
         (is_completed ? nothing : bulk(said));
}

inline std::string assigned(std::int64_t token, std::string_view flow, std::string_view task,
                            std::int64_t timeout = 60'000,
                            const std::vector<std::string>& results = {},
                            std::string_view input = {}, std::string_view checkpoint = {},
                            std::int64_t attempt = 1, std::int64_t waited = 0) {
  std::string out = "%9\r\n" + bulk("flow") + bulk(flow) + bulk("task") + bulk(task) +
                    bulk("attempt") + integer(attempt) + bulk("token") + integer(token) +
                    bulk("timeout") + integer(timeout) + bulk("waited") + integer(waited) +
                    bulk("input") + bulk(input) + bulk("checkpoint") + bulk(checkpoint) +
                    bulk("results") + fmt::format("*{}\r\n", results.size());
  for (const auto& result : results) out += result;
  return out;
}

/// A task that is being run, as ATTACH lists it.
inline std::string listed_task(std::int64_t token, std::string_view flow, std::string_view task,
                               std::int64_t request, std::int64_t lease = 60'000) {
  return "%6\r\n" + bulk("token") + integer(token) + bulk("kind") + bulk("task") + bulk("flow") +
         bulk(flow) + bulk("task") + bulk(task) + bulk("lease") + integer(lease) + bulk("request") +
         integer(request);
}

inline std::string extended(std::int64_t token, std::int64_t lease) {
  return "%2\r\n" + bulk("token") + integer(token) + bulk("lease") + integer(lease);
}

inline std::string signalled(std::string_view event, std::int64_t generation,
                             std::string_view payload) {
  return "%3\r\n" + bulk("event") + bulk(event) + bulk("generation") + integer(generation) +
         bulk("payload") + bulk(payload);
}

/// The parties have no names but the first one's.
inline std::string passed(std::string_view barrier, std::int64_t generation,
                          const std::vector<std::string>& payloads) {
  const auto size = static_cast<std::int64_t>(payloads.size());
  std::string out = "%4\r\n" + bulk("barrier") + bulk(barrier) + bulk("generation") +
                    integer(generation) + bulk("parties") + integer(size) + bulk("payloads") +
                    fmt::format("*{}\r\n", payloads.size());
  for (const auto& payload : payloads) {
    const bool is_first = &payload == payloads.data();
    out += "%2\r\n" + bulk("participant") + (is_first ? bulk("first") : "_\r\n") + bulk("payload") +
           bulk(payload);
  }
  return out;
}

}  // namespace turnstile::client
