// A lock server of the demo's own: `turnstile serve` on a free port of the loopback,
// with its journal on disk in a directory of the demo.
#pragma once

#include <filesystem>
#include <string>

#include "process.h"

namespace payments {

/// Killed, if it was not stopped, when this object goes.
class LockServer {
 public:
  /// Starts it and waits until it listens. `directory` becomes home to its journal
  /// (`journal/`), its port (`port`) and its log (`server.log`). Throws
  /// std::runtime_error with what the log says if it does not come up.
  LockServer(const std::filesystem::path& program, const std::filesystem::path& directory);

  const std::string& url() const { return url_; }

  /// Ends it in an orderly way, with SIGTERM. Throws std::runtime_error if it does not
  /// end so, with status 0.
  void stop();

 private:
  void wait_for_port(const std::filesystem::path& port_file);
  [[noreturn]] void fail(const std::string& what);

  std::filesystem::path log_;
  Process process_;
  std::string url_;
};

}  // namespace payments
