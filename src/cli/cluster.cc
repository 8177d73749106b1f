// `turnstile cluster status`: what each node of a cluster says of itself.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_status.h"
#include "cli/json.h"
#include "cli/subcommands.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/text.h"
#include "turnstile/client.h"

namespace cli {
namespace {

using std::chrono::milliseconds;
using turnstile::Reply;

constexpr std::string_view kScheme = "turnstile://";
/// A node that does not answer so long is not answering.
constexpr milliseconds kPatience{1'000};

struct ClusterOptions {
  std::string url;
  bool as_json = false;
};

/// What a node says, by name; empty: it does not answer, or is alone.
using Facts = std::map<std::string, std::string>;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string fact(const Facts& facts, const std::string& name) {
  const auto it = facts.find(name);
  return it == facts.end() ? std::string() : it->second;
}

Facts ask(const std::string& node) {
  auto client = turnstile::Client::try_connect(std::string(kScheme) + node,
                                               {.patience = kPatience, .session = false});
  if (!client) return {};
  const auto reply = client->try_call({"CLUSTER", "INFO"});
  if (!reply) return {};
  Facts facts;
  for (std::string line : split(reply->text, '\n')) {
    if (line.ends_with('\r')) line.pop_back();
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos) facts[line.substr(0, colon)] = line.substr(colon + 1);
  }
  return facts;
}

/// All nodes that the URL names, and all that these know of.
std::map<std::string, Facts> survey(std::string_view url) {
  if (url.starts_with(kScheme)) url.remove_prefix(kScheme.size());
  std::map<std::string, Facts> nodes;
  std::set<std::string> unasked;
  for (std::string& node : split(url, ',')) unasked.insert(std::move(node));
  while (!unasked.empty()) {
    const std::string address = *unasked.begin();
    unasked.erase(unasked.begin());
    if (nodes.contains(address)) continue;
    Facts facts = ask(address);
    for (std::string& other : split(fact(facts, "nodes"), ',')) unasked.insert(std::move(other));
    // It may be called otherwise than it calls itself.
    const std::string name = facts.contains("node") ? facts["node"] : address;
    unasked.erase(name);
    nodes[name] = std::move(facts);
  }
  return nodes;
}

std::uint64_t number(const Facts& facts, const std::string& name) {
  const std::string text = fact(facts, name);
  return text.empty() ? 0 : std::strtoull(text.c_str(), nullptr, 10);
}

void print_table(const std::map<std::string, Facts>& nodes) {
  std::uint64_t newest = 0;
  for (const auto& [node, facts] : nodes) newest = std::max(newest, number(facts, "log_sequence"));
  Table table({{.heading = "NODE"},
               {.heading = "ROLE"},
               {.heading = "EPOCH", .is_number = true},
               {.heading = "BATCH", .is_number = true},
               {.heading = "BEHIND", .is_number = true},
               {.heading = "INDEX", .is_number = true},
               {.heading = "SNAPSHOT", .is_number = true},
               {.heading = "ETCD", .is_number = true}});
  for (const auto& [node, facts] : nodes) {
    if (facts.empty()) {
      const std::string nothing;
      table.add({printable(node), std::string("no answer"), nothing, nothing, nothing, nothing,
                 nothing, nothing});
      continue;
    }
    const std::uint64_t sequence = number(facts, "log_sequence");
    // Who leads is never behind, though others that were asked a moment later tell of more.
    const std::uint64_t behind = fact(facts, "role") == "leader" ? 0 : newest - sequence;
    table.add({printable(node), printable(fact(facts, "role")), printable(fact(facts, "epoch")),
               std::to_string(sequence), std::to_string(behind),
               printable(fact(facts, "log_index")), printable(fact(facts, "snapshot_sequence")),
               printable(fact(facts, "store_bytes"))});
  }
  fmt::print("{}", table.text(standard_output()));
}

void print_json(const std::map<std::string, Facts>& nodes) {
  Json list = Json::array();
  for (const auto& [node, facts] : nodes) {
    Json one = {{"node", node}, {"answers", !facts.empty()}};
    for (const auto& [name, value] : facts) one[name] = value;
    list.push_back(std::move(one));
  }
  fmt::print("{}\n", to_line(list));
}

int run_status(const ClusterOptions& options) {
  const auto nodes = survey(options.url);
  if (options.as_json) {
    print_json(nodes);
  } else {
    print_table(nodes);
  }
  const auto leads = [](const auto& node) { return fact(node.second, "role") == "leader"; };
  if (std::ranges::any_of(nodes, leads)) return number_of(ExitStatus::Success);
  return complain("no node leads, or none of a cluster was asked", ExitStatus::Unavailable);
}

}  // namespace

void add_cluster(Program& program) {
  CLI::App& group = program.add_group({.name = "cluster",
                                       .summary = "Looks at the nodes of a cluster.",
                                       .usage = "SUBCOMMAND ...",
                                       .examples = "turnstile cluster status"});
  const auto options = std::make_shared<ClusterOptions>();
  CLI::App& app = program.add_to(
      group,
      {.name = "status",
       .summary = "Asks every node for its role and how far it has come.",
       .usage = "[OPTIONS]",
       .examples = "turnstile cluster status --server turnstile://node1:7420,node2:7420\n"
                   "turnstile cluster status --json | jq '.[] | select(.role == \"standby\")'",
       .remarks = "Nodes that --server does not name are learnt from those that it does."},
      [options] { return run_status(*options); });
  add_json_option(app, options->as_json);
  add_server_option(app, options->url);
}

}  // namespace cli
