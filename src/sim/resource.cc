// Who works where.
#include "sim/resource.h"

#include <fmt/format.h>

#include <utility>

namespace sim {

void Resource::begin(const std::string& key, Worker worker) {
  ++visits_;
  for (const Worker& other : working_[key]) {
    const bool is_allowed = other.token == worker.token || (other.is_shared && worker.is_shared);
    if (is_allowed || !other.believes()) continue;
    ++overlaps_;
    if (may_overlap_) continue;
    judge_.complain(fmt::format("{}: client {} works under token {} while client {} believes in {}",
                                key, worker.client, worker.token, other.client, other.token));
  }
  // What the side that is protected does: a token that is older than another is refused.
  std::uint64_t& newest = newest_[key];
  if (worker.token < newest && !worker.is_shared) return;
  newest = std::max(newest, worker.token);
  working_[key].push_back(std::move(worker));
}

void Resource::judge_believers(const state::Machine& machine) {
  if (may_overlap_) return;
  for (const auto& [key, workers] : working_) {
    for (const Worker& worker : workers) {
      if (machine.has_grant(worker.token) || !worker.believes()) continue;
      judge_.complain(fmt::format("{}: client {} believes in token {}, which the server has ended",
                                  key, worker.client, worker.token));
    }
  }
}

void Resource::end(const std::string& key, std::uint64_t client, std::uint64_t token) {
  std::erase_if(working_[key],
                [&](const Worker& w) { return w.client == client && w.token == token; });
}

void Resource::forget(std::uint64_t client) {
  for (auto& [key, workers] : working_) {
    std::erase_if(workers, [&](const Worker& w) { return w.client == client; });
  }
}

void Resource::see_result(const std::string& flow, const std::string& task,
                          const std::string& result) {
  if (!proposed_.contains(result)) {
    judge_.complain(
        fmt::format("{}/{} was handed on with '{}', which nobody said", flow, task, result));
  }
  // A flow that has ended and been forgotten begins anew, so a task may have another result, but
  // it is always one that was said of this task.
  if (!result.starts_with(flow + "/" + task + "#")) {
    judge_.complain(
        fmt::format("{}/{} was handed on with '{}', said of another task", flow, task, result));
  }
}

}  // namespace sim
