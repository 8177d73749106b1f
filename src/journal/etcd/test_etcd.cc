// Starts and ends the process.
#include "journal/etcd/test_etcd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/check.h"

#ifdef __SANITIZE_ADDRESS__
/// At the end of a process LeakSanitizer stops its threads, and with gRPC's it may stop for ever.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }
#endif

namespace journal::etcd {
namespace {

int free_port() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  CHECK_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  CHECK_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(listener);
  return ntohs(address.sin_port);
}

}  // namespace

bool TestEtcd::is_installed() { return std::system("command -v etcd >/dev/null") == 0; }

TestEtcd::TestEtcd() {
  std::string folder = (std::filesystem::temp_directory_path() / "turnstile-etcd-XXXXXX").string();
  CHECK(::mkdtemp(folder.data()) != nullptr);
  folder_ = folder;
  address_ = fmt::format("127.0.0.1:{}", free_port());
  const std::string client_url = "http://" + address_;
  const std::string peer_url = fmt::format("http://127.0.0.1:{}", free_port());
  const std::string cluster = "default=" + peer_url;
  const std::string log = folder_ + "/log";
  process_ = ::fork();
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT, 0600);
    ::dup2(file, 1);
    ::dup2(file, 2);
    ::execlp("etcd", "etcd", "--data-dir", folder_.c_str(), "--listen-client-urls",
             client_url.c_str(), "--advertise-client-urls", client_url.c_str(),
             "--listen-peer-urls", peer_url.c_str(), "--initial-advertise-peer-urls",
             peer_url.c_str(), "--initial-cluster", cluster.c_str(), nullptr);
    ::_exit(127);
  }
}

TestEtcd::~TestEtcd() {
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void TestEtcd::freeze() const { ::kill(process_, SIGSTOP); }
void TestEtcd::thaw() const { ::kill(process_, SIGCONT); }

}  // namespace journal::etcd
