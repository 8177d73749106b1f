// What the operator decides: from the command line, and from a TOML file.
//
//     listen = ["127.0.0.1:7420"]     # host:port, several allowed; port 0: any free one
//     unix = "/run/turnstile.sock"
//     data = "/var/lib/turnstile"
//     journal = "file"                # or "memory"
//     segment_bytes = 16777216
//     keep_all_segments = false
//     replay_bytes_max = 4294967296
//     ageing_step_ms = 1000
//     log_level = "info"
//     [limits]                        # any name of the limits table
//     connections = 10000
//
// What the command line says goes before what the file says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "command/command.h"

namespace server {

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

enum class JournalKind { File, Memory };

struct Config {
  std::vector<Address> listen = {{"127.0.0.1", 7420}};
  std::string unix_path;  ///< empty: no Unix socket
  std::string data_dir = "turnstile-data";
  JournalKind journal = JournalKind::File;
  std::uint64_t segment_bytes = 16 << 20;
  bool keep_all_segments = false;
  std::uint64_t replay_bytes_max = std::uint64_t{4} << 30;  ///< beyond it nothing new is taken on
  std::string port_file;  ///< where the TCP ports are written once they listen; empty: nowhere
  std::string log_level = "info";
  command::Rules rules;
};

/// What the command line gave; nothing: not given.
struct ServeOptions {
  std::optional<std::string> config_path;
  std::vector<std::string> listen;  ///< HOST:PORT; "none" alone: no TCP
  std::optional<std::string> unix_path;
  std::optional<std::string> data_dir;
  std::optional<std::string> journal;
  std::optional<std::string> port_file;
  std::optional<std::string> log_level;
};

/// Reads the file, if one is named, and puts the options over it. Fault::Config or Fault::Usage
/// with a sentence that names the setting.
base::Result<Config> load_config(const ServeOptions& options);

/// "host:port", "[v6]:port". Fault::Usage if it is neither.
base::Result<Address> parse_address(const std::string& text);

}  // namespace server
