// A lock server of the benchmark's own: `turnstile serve` as a child process on a
// free port of the loopback, with its files in a directory of the benchmark.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace bench {

enum class JournalKind { File, Memory };

/// "file" or "memory", as the option --journal takes it.
std::string_view to_string(JournalKind kind);

/// Ended with SIGTERM, if it was not stopped, when this object goes, and by the kernel if the
/// thread that created it ends before. Not thread-safe.
class ServerProcess {
 public:
  /// Starts `program` and waits until it listens. Its port file, its log and its data come to
  /// be in `directory`, which is created; data that is there is used again. Throws
  /// std::runtime_error with what the log says if it does not come up. `settings` are lines of its
  /// configuration file.
  ServerProcess(const std::filesystem::path& program, JournalKind journal,
                const std::filesystem::path& directory, std::string_view settings = "");
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  std::uint16_t port() const { return port_; }
  pid_t pid() const { return pid_; }

  /// The processor time that it has used so far. Throws std::system_error if it has ended.
  std::chrono::nanoseconds processor_time() const;

  /// Ends it in an orderly way and waits for it. Throws std::runtime_error if it had ended
  /// before or does not end with status 0.
  void stop();

 private:
  void start(const std::filesystem::path& program, JournalKind journal,
             const std::filesystem::path& directory);
  bool has_ended();
  [[noreturn]] void fail(const std::string& what) const;

  std::filesystem::path log_;
  pid_t pid_ = 0;  ///< 0 once it was waited for
  int status_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace bench
