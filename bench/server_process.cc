// See server_process.h.
#include "server_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

namespace bench {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto kStartPatience = 300s;  // a long journal may have to be replayed
constexpr auto kStopPatience = 20s;
constexpr auto kPause = 5ms;

/// 0 until the server has put the file there, which it does at once and whole.
std::uint16_t port_in(const fs::path& file) {
  std::ifstream stream(file);
  std::uint16_t port = 0;
  return stream >> port ? port : std::uint16_t{0};
}

}  // namespace

std::string_view to_string(JournalKind kind) {
  return kind == JournalKind::File ? "file" : "memory";
}

ServerProcess::ServerProcess(const fs::path& program, JournalKind journal,
                             const fs::path& directory, std::string_view settings)
    : log_(directory / "server.log") {
  fs::create_directories(directory);
  fs::remove(directory / "port");
  std::ofstream(directory / "turnstile.toml") << settings;
  start(program, journal, directory);
  const auto end = std::chrono::steady_clock::now() + kStartPatience;
  while ((port_ = port_in(directory / "port")) == 0) {
    if (has_ended()) fail(fmt::format("ended at once (wait status {})", status_));
    if (std::chrono::steady_clock::now() > end) {
      kill(pid_, SIGKILL);
      waitpid(pid_, &status_, 0);
      fail("did not say its port");
    }
    std::this_thread::sleep_for(kPause);
  }
}

ServerProcess::~ServerProcess() {
  if (pid_ == 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, &status_, 0);
}

void ServerProcess::start(const fs::path& program, JournalKind journal, const fs::path& directory) {
  std::vector<std::string> words = {program,       "serve",
                                    "--listen",    "127.0.0.1:0",
                                    "--port-file", directory / "port",
                                    "--data",      directory / "data",
                                    "--config",    directory / "turnstile.toml",
                                    "--journal",   std::string(to_string(journal)),
                                    "--log-level", "warning"};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const int log = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0) throw std::system_error(errno, std::generic_category(), log_.string());
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    // Between fork and exec: system calls only.
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(126);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  const int error = errno;
  close(log);
  if (pid_ < 0) {
    pid_ = 0;
    throw std::system_error(error, std::generic_category(), "cannot start another process");
  }
}

std::chrono::nanoseconds ServerProcess::processor_time() const {
  clockid_t clock = 0;
  timespec time{};
  if (const int error = clock_getcpuclockid(pid_, &clock)) {
    throw std::system_error(error, std::generic_category(), "the server's processor time");
  }
  if (clock_gettime(clock, &time) != 0) {
    throw std::system_error(errno, std::generic_category(), "the server's processor time");
  }
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void ServerProcess::stop() {
  if (pid_ == 0 || has_ended()) fail("had ended before it was told to");
  kill(pid_, SIGTERM);
  const auto end = std::chrono::steady_clock::now() + kStopPatience;
  while (!has_ended()) {
    if (std::chrono::steady_clock::now() > end) {
      kill(pid_, SIGKILL);
      waitpid(pid_, &status_, 0);
      pid_ = 0;
      fail("does not stop");
    }
    std::this_thread::sleep_for(kPause);
  }
  if (status_ != 0) fail(fmt::format("ended with wait status {}", status_));
}

bool ServerProcess::has_ended() {
  if (pid_ != 0 && waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = 0;
  return pid_ == 0;
}

void ServerProcess::fail(const std::string& what) const {
  std::ifstream stream(log_);
  const std::string log{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  throw std::runtime_error(fmt::format("the server {}; its log says:\n{}", what, log));
}

}  // namespace bench
