// The commands that the server answers itself: about the connection, and about
// the server.
#include <fmt/format.h>

#include "command/parse_arguments.h"
#include "command/parse_commands.h"
#include "command/quote.h"

namespace command {

// --- connection

namespace {

int protocol_version(Arguments& args) {
  const std::string_view given = args.text("the protocol version");
  const auto version = whole_number(given, 0, kNumberMax);
  if (version == 2 || version == 3) return static_cast<int>(*version);
  args.refuse(version ? Code::NoProtocol : Code::Malformed,
              fmt::format("the protocol version must be 2 or 3, not {}", quoted(given)));
  return 0;
}

}  // namespace

Call parse_hello(Arguments& args) {
  Hello hello;
  if (args.has_more()) hello.version = protocol_version(args);
  while (const auto option = args.next_option()) {
    if (option == Option::SetName) hello.client_name = args.name_or_empty("SETNAME");
    if (option == Option::Auth) {
      hello.user = args.name("AUTH's user");
      hello.password = args.text("AUTH's password");
    }
  }
  return hello;
}

Call parse_ping(Arguments& args) {
  Ping ping;
  if (args.has_more()) ping.message = args.text("message");
  return ping;
}

Call parse_quit(Arguments&) { return Quit{}; }

Call parse_client_id(Arguments&) { return ClientId{}; }

Call parse_client_set_name(Arguments& args) {
  return ClientSetName{std::string(args.name_or_empty("the connection's name"))};
}

Call parse_client_get_name(Arguments&) { return ClientGetName{}; }

Call parse_client_set_info(Arguments& args) {
  ClientSetInfo info;
  if (args.choice("the attribute", {"LIB-NAME", "LIB-VER"}) == 1) {
    info.attribute = ClientSetInfo::Attribute::LibraryVersion;
  }
  info.value = args.name_or_empty("the attribute's value");
  return info;
}

Call parse_client_index(Arguments& args) {
  return ClientIndex{args.choice("CLIENT INDEX", {"OFF", "ON"}) == 1};
}

// --- server

namespace {

std::vector<std::string> names(Arguments& args, std::string_view what) {
  std::vector<std::string> names;
  while (args.has_more()) names.emplace_back(args.text(what));
  return names;
}

}  // namespace

Call parse_server_info(Arguments& args) { return ServerInfo{names(args, "section")}; }

Call parse_command(Arguments&) { return CommandInfo{}; }

Call parse_command_list(Arguments&) { return CommandList{}; }

Call parse_command_count(Arguments&) { return CommandCount{}; }

Call parse_command_docs(Arguments& args) { return CommandDocs{names(args, "name")}; }

Call parse_command_info(Arguments& args) { return CommandInfo{names(args, "name")}; }

// --- cluster

Call parse_cluster_slots(Arguments&) { return ClusterQuery{ClusterQuery::About::Slots}; }

Call parse_cluster_shards(Arguments&) { return ClusterQuery{ClusterQuery::About::Shards}; }

Call parse_cluster_myid(Arguments&) { return ClusterQuery{ClusterQuery::About::MyId}; }

Call parse_cluster_info(Arguments&) { return ClusterQuery{ClusterQuery::About::Info}; }

Call parse_cluster_epoch(Arguments&) { return ClusterQuery{ClusterQuery::About::Epoch}; }

}  // namespace command
