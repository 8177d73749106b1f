// What one request on a connection asks for.
//
// Most commands are for the state machine; the others are answered by the
// server alone and have their struct here. The envelope is what may stand
// around any of them: who asks, under which number, and where the outcome goes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "command/command.h"

namespace command {

/// What is said beside the command itself.
struct Envelope {
  std::uint64_t request = 0;  ///< REQUEST n; 0: not given
  std::string ticket = {};    ///< ASYNC ticket; empty: not given
  std::uint64_t session = 0;  ///< SESSION id secret; 0: not given, the connection's session acts
  std::string secret = {};    ///< not yet verified

  bool operator==(const Envelope&) const = default;
};

// --- session

/// SESSION.ATTACH id secret. The server verifies the secret, and only then is it a SessionAttach.
struct Attach {
  std::uint64_t id = 0;
  std::string secret;

  bool operator==(const Attach&) const = default;
};

// --- election

/// ELECTION.OBSERVE name [ON|OFF]: whether this connection is told of every change of leader.
struct ElectionObserve {
  std::string name;
  bool on = true;

  bool operator==(const ElectionObserve&) const = default;
};

// --- connection

/// HELLO [version [AUTH user password] [SETNAME name]]. The version is 2 or 3.
struct Hello {
  std::optional<int> version;              ///< not given: the protocol stays as it is
  std::optional<std::string> client_name;  ///< empty: takes the name away
  std::optional<std::string> user;         ///< user and password come together
  std::optional<std::string> password;

  bool operator==(const Hello&) const = default;
};

struct Ping {
  std::optional<std::string> message;

  bool operator==(const Ping&) const = default;
};

struct Quit {
  bool operator==(const Quit&) const = default;
};

struct ClientId {
  bool operator==(const ClientId&) const = default;
};

struct ClientSetName {
  std::string name;  ///< empty: takes the name away

  bool operator==(const ClientSetName&) const = default;
};

struct ClientGetName {
  bool operator==(const ClientGetName&) const = default;
};

struct ClientSetInfo {
  enum class Attribute : std::uint8_t { LibraryName, LibraryVersion };
  Attribute attribute = Attribute::LibraryName;
  std::string value;  ///< empty: takes it away

  bool operator==(const ClientSetInfo&) const = default;
};

/// CLIENT INDEX ON|OFF: whether replies bear the journal index that they depend on.
struct ClientIndex {
  bool on = false;

  bool operator==(const ClientIndex&) const = default;
};

// --- server

/// INFO [section...]. The names of the sections are as given, in any case, known or not.
struct ServerInfo {
  std::vector<std::string> sections;  ///< empty: all of them

  bool operator==(const ServerInfo&) const = default;
};

/// COMMAND LIST: the names alone.
struct CommandList {
  bool operator==(const CommandList&) const = default;
};

struct CommandCount {
  bool operator==(const CommandCount&) const = default;
};

/// COMMAND DOCS [name...]. Names are as given, known or not; find_name() knows them in any case.
struct CommandDocs {
  std::vector<std::string> names;  ///< empty: all of them

  bool operator==(const CommandDocs&) const = default;
};

/// COMMAND INFO [name...], and COMMAND alone, which is the same without names.
struct CommandInfo {
  std::vector<std::string> names;  ///< empty: all of them

  bool operator==(const CommandInfo&) const = default;
};

/// CLUSTER SLOTS|SHARDS|MYID|INFO|EPOCH: who leads, as this node knows it.
struct ClusterQuery {
  enum class About : std::uint8_t { Slots, Shards, MyId, Info, Epoch };
  About about = About::Info;

  bool operator==(const ClusterQuery&) const = default;
};

/// A `Command` goes to the state machine; everything else the server answers itself.
using Call = std::variant<Command, Attach, ElectionObserve, Hello, Ping, Quit, ClientId,
                          ClientSetName, ClientGetName, ClientSetInfo, ClientIndex, ServerInfo,
                          CommandList, CommandCount, CommandDocs, CommandInfo, ClusterQuery>;

struct Request {
  Call call;
  Envelope envelope;
};

}  // namespace command
