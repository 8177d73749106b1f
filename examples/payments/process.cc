// See process.h.
#include "process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <system_error>
#include <thread>
#include <utility>

namespace payments {
namespace {

using Clock = std::chrono::steady_clock;

/// Between fork and exec: nothing but system calls.
[[noreturn]] void become(const std::vector<char*>& argv, const Redirections& redirections,
                         pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  if (redirections.in >= 0) dup2(redirections.in, STDIN_FILENO);
  if (redirections.out >= 0) dup2(redirections.out, STDOUT_FILENO);
  if (redirections.error >= 0) dup2(redirections.error, STDERR_FILENO);
  signal(SIGPIPE, SIG_DFL);
  execv(argv[0], argv.data());
  _exit(127);
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    close();
    number_ = other.release();
  }
  return *this;
}

int Descriptor::release() { return std::exchange(number_, -1); }

void Descriptor::close() {
  if (number_ >= 0) ::close(release());
}

Pipe make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

Process::Process(const std::vector<std::string>& argv, const Redirections& redirections) {
  std::vector<char*> pointers;
  for (const std::string& argument : argv) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) become(pointers, redirections, parent);
}

Process::~Process() {
  if (status()) return;
  signal(SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Process::signal(int number) {
  if (!status()) kill(pid_, number);
}

std::optional<int> Process::status() {
  int status = 0;
  if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_;
}

std::optional<int> Process::wait_for(std::chrono::milliseconds patience) {
  const auto end = Clock::now() + patience;
  while (!status() && Clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return status_;
}

bool Process::wait_until_stopped() {
  int status = 0;
  if (waitpid(pid_, &status, WUNTRACED) != pid_) return false;
  if (WIFSTOPPED(status)) return true;
  status_ = status;
  return false;
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) return fmt::format("signal {}", WTERMSIG(status));
  return fmt::format("status {}", WEXITSTATUS(status));
}

}  // namespace payments
