// One function a section.
#include "server/describe.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "command/table.h"
#include "server/version.h"

namespace server {
namespace {

using Out = std::back_insert_iterator<std::string>;

template <class T>
void line(Out out, std::string_view name, const T& value) {
  fmt::format_to(out, "{}:{}\r\n", name, value);
}

void describe_server(Out out, const Facts& facts, const Pipeline& pipeline) {
  line(out, "turnstile_version", kVersion);
  line(out, "process_id", ::getpid());
  line(out, "tcp_port", facts.ports.empty() ? 0 : facts.ports.front());
  line(out, "unix_socket", facts.unix_path);
  line(out, "uptime_in_seconds", facts.uptime.us() / 1'000'000);
  line(out, "rules_version", pipeline.machine().rules().version);
  line(out, "ageing_step_ms", pipeline.machine().rules().ageing_step.ms());
  line(out, "stopping", int{facts.stopping});
  line(out, "overloaded", int{facts.overloaded});
}

void describe_clients(Out out, const Facts& facts, const Pipeline& pipeline) {
  line(out, "connected_clients", facts.connections);
  line(out, "maxclients", pipeline.machine().rules().limits.connections);
  line(out, "total_connections_received", facts.network.accepted);
  line(out, "rejected_connections", facts.network.refused);
  line(out, "closed_connections", facts.network.closed);
  line(out, "sessions", pipeline.machine().session_count());
}

void describe_locks(Out out, const Facts&, const Pipeline& pipeline) {
  line(out, "keys", pipeline.machine().key_count());
  line(out, "grants", pipeline.machine().grant_count());
  line(out, "waiters", pipeline.machine().waiter_count());
  line(out, "commands_applied", pipeline.counters().commands);
  line(out, "commands_refused", pipeline.counters().refusals);
}

void describe_tasks(Out out, const Facts&, const Pipeline& pipeline) {
  const state::Machine& machine = pipeline.machine();
  line(out, "flows", machine.flows().all().size());
  line(out, "tasks", machine.flows().task_count());
  line(out, "tasks_ready", machine.flows().ready_count());
  line(out, "tasks_running", machine.flows().running_count());
  line(out, "tasks_dead", machine.flows().dead_count());
  line(out, "flow_bytes", machine.flows().bytes());
  line(out, "signals", machine.signal_count());
}

void describe_journal(Out out, const Facts& facts, const Pipeline& pipeline) {
  const char* kind = facts.data_dir.empty() ? "memory" : "file";
  line(out, "journal", facts.topology != nullptr ? "etcd" : kind);
  line(out, "data_directory", facts.data_dir);
  line(out, "last_index", pipeline.machine().last_index());
  line(out, "durable_index", pipeline.durable_index());
  line(out, "cluster_time_ms", pipeline.cluster_now().us() / 1000);
  line(out, "entries_journalled", pipeline.counters().entries);
  line(out, "batches_journalled", pipeline.counters().batches);
  line(out, "append_time_us", pipeline.counters().append_time.us());
  line(out, "slowest_append_us", pipeline.counters().slowest_append.us());
  line(out, "slow_appends", pipeline.counters().slow_appends);
  line(out, "running_digest", fmt::format("{:016x}", pipeline.machine().running_digest()));
  if (!facts.archive) return;
  line(out, "snapshot_index", facts.archive->snapshot_index);
  line(out, "snapshot_bytes", facts.archive->snapshot_bytes);
  line(out, "closed_segment_bytes", facts.archive->closed_bytes);
  line(out, "all_segment_bytes", facts.archive->all_segment_bytes);
  line(out, "compactions", facts.compactions);
  line(out, "compacting", int{facts.compacting});
}

void describe_cluster(Out out, const Facts& facts, const Pipeline&) {
  line(out, "cluster_enabled", int{facts.topology != nullptr});
  if (facts.topology != nullptr) fmt::format_to(out, "{}", describe(*facts.topology));
}

struct Section {
  std::string_view title;
  std::string_view word;
  void (*describe)(Out, const Facts&, const Pipeline&);
};

constexpr std::array kSections = {
    Section{"Server", "SERVER", describe_server},
    Section{"Clients", "CLIENTS", describe_clients},
    Section{"Locks", "LOCKS", describe_locks},
    Section{"Tasks", "TASKS", describe_tasks},
    Section{"Journal", "JOURNAL", describe_journal},
    Section{"Cluster", "CLUSTER", describe_cluster},
};

bool is_wanted(const Section& section, std::span<const std::string> names) {
  return names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
           return command::is_word(name, section.word) || command::is_word(name, "ALL") ||
                  command::is_word(name, "DEFAULT") || command::is_word(name, "EVERYTHING");
         });
}

}  // namespace

std::string describe(const Facts& facts, const Pipeline& pipeline,
                     std::span<const std::string> sections) {
  std::string text;
  for (const Section& section : kSections) {
    if (!is_wanted(section, sections)) continue;
    if (!text.empty()) text += "\r\n";
    fmt::format_to(std::back_inserter(text), "# {}\r\n", section.title);
    section.describe(std::back_inserter(text), facts, pipeline);
  }
  return text;
}

}  // namespace server
