// See lock_server.h.
#include "lock_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/std.h>
#include <signal.h>

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace payments {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto kStartPatience = 20s;
constexpr auto kStopPatience = 20s;

Process start(const fs::path& program, const fs::path& directory, const fs::path& log_file) {
  const Descriptor log(open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (log.get() < 0) throw std::system_error(errno, std::generic_category(), log_file.string());
  return Process({program, "serve", "--listen", "127.0.0.1:0", "--port-file", directory / "port",
                  "--data", directory / "journal"},
                 {.out = log.get(), .error = log.get()});
}

std::string read(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// 0 until the server has put the file there, which it does at once and whole.
int port_in(const fs::path& file) {
  std::ifstream stream(file);
  int port = 0;
  return stream >> port ? port : 0;
}

}  // namespace

LockServer::LockServer(const fs::path& program, const fs::path& directory)
    : log_(directory / "server.log"),
      process_((fs::create_directories(directory), start(program, directory, log_))) {
  wait_for_port(directory / "port");
}

void LockServer::wait_for_port(const fs::path& port_file) {
  const auto end = std::chrono::steady_clock::now() + kStartPatience;
  while (std::chrono::steady_clock::now() < end) {
    if (const auto status = process_.status()) {
      fail(fmt::format("ended at once with {}", describe_end(*status)));
    }
    if (const int port = port_in(port_file)) {
      url_ = fmt::format("turnstile://127.0.0.1:{}", port);
      return;
    }
    std::this_thread::sleep_for(5ms);
  }
  fail("did not say its port");
}

void LockServer::stop() {
  process_.signal(SIGTERM);
  const auto status = process_.wait_for(kStopPatience);
  if (!status) fail("does not stop");
  if (*status != 0) fail(fmt::format("ended with {}", describe_end(*status)));
}

void LockServer::fail(const std::string& what) {
  throw std::runtime_error(fmt::format("the lock server {}; its log says:\n{}", what, read(log_)));
}

}  // namespace payments
