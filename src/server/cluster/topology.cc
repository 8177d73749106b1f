// In the words of Redis Cluster, whose clients ask.
#include "server/cluster/topology.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "server/cluster/slot.h"

namespace server {

using command::Value;

namespace {

struct NodeAddress {
  std::string host;
  std::int64_t port = 0;
};

/// "host:port", "[v6]:port".
NodeAddress split(const std::string& node) {
  const std::size_t colon = node.rfind(':');
  NodeAddress address{node.substr(0, colon), 0};
  if (colon != std::string::npos) {
    std::from_chars(node.data() + colon + 1, node.data() + node.size(), address.port);
  }
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  return address;
}

/// Clients want 40 hexadecimal digits; any name will do as long as it stays.
Value describe_node(const std::string& node) {
  const NodeAddress address = split(node);
  return Value::List{address.host, address.port, node, Value::List{}};
}

/// The leader first. Empty if nobody leads.
std::vector<std::string> nodes_in_order(const Topology& topology) {
  if (topology.leader.epoch == 0) return {};
  std::vector<std::string> nodes{topology.leader.node};
  for (const std::string& member : topology.members) {
    if (member != topology.leader.node) nodes.push_back(member);
  }
  return nodes;
}

Value describe_slots(const Topology& topology) {
  const auto nodes = nodes_in_order(topology);
  if (nodes.empty()) return Value::List{};
  Value::List range{0, kSlotCount - 1};
  for (const std::string& node : nodes) range.push_back(describe_node(node));
  return Value::List{std::move(range)};
}

Value describe_shards(const Topology& topology) {
  Value::List nodes;
  for (const std::string& node : nodes_in_order(topology)) {
    const NodeAddress address = split(node);
    const bool leads = node == topology.leader.node;
    nodes.emplace_back(
        Value::Map{{"id", node},
                   {"port", address.port},
                   {"ip", address.host},
                   {"endpoint", address.host},
                   {"role", leads ? "master" : "replica"},
                   {"replication-offset", static_cast<std::int64_t>(topology.position.sequence)},
                   {"health", "online"}});
  }
  if (nodes.empty()) return Value::List{};
  return Value::List{Value::Map{{"slots", Value::List{0, kSlotCount - 1}}, {"nodes", nodes}}};
}

/// With what clients of Redis Cluster look for, and what our own show.
std::string describe_cluster(const Topology& topology) {
  const bool ok = topology.leader.epoch != 0;
  return fmt::format(
      "cluster_enabled:1\r\ncluster_state:{}\r\ncluster_slots_assigned:{}\r\n"
      "cluster_slots_ok:{}\r\ncluster_known_nodes:{}\r\ncluster_size:1\r\n{}",
      ok ? "ok" : "fail", kSlotCount, ok ? kSlotCount : 0, topology.members.size(),
      describe(topology));
}

}  // namespace

command::Refused redirect(const Topology& topology, std::uint16_t slot) {
  const bool is_known = topology.leader.epoch != 0 && topology.leader.node != topology.self;
  if (!is_known) {
    return {command::Code::Unavailable,
            "no node leads at the moment; nothing was changed, ask again soon"};
  }
  return {command::Code::Moved, fmt::format("{} {}", slot, topology.leader.node)};
}

std::string describe(const Topology& topology) {
  const char* role = topology.is_leading ? "leader" : topology.is_caught_up ? "standby" : "loading";
  return fmt::format(
      "role:{}\r\nnode:{}\r\nleader:{}\r\nepoch:{}\r\nnodes:{}\r\nlog_sequence:{}\r\n"
      "log_index:{}\r\ntail_batches:{}\r\ntail_bytes:{}\r\nsnapshot_sequence:{}\r\n"
      "snapshot_bytes:{}\r\nstore_version:{}\r\nstore_bytes:{}\r\nterms:{}\r\n",
      role, topology.self, topology.leader.node, topology.leader.epoch,
      fmt::join(topology.members, ","), topology.position.sequence, topology.position.last_index,
      topology.tail.batches, topology.tail.bytes, topology.snapshot.sequence,
      topology.snapshot.bytes, topology.store.version, topology.store.bytes, topology.terms);
}

Value answer(const Topology& topology, command::ClusterQuery::About about) {
  using About = command::ClusterQuery::About;
  switch (about) {
    case About::Slots: return describe_slots(topology);
    case About::Shards: return describe_shards(topology);
    case About::MyId: return topology.self;
    case About::Info: return describe_cluster(topology);
    case About::Epoch: {
      const auto epoch = static_cast<std::int64_t>(topology.epoch_led());
      return topology.is_cut_off() ? -epoch : epoch;
    }
  }
  return {};
}

}  // namespace server
