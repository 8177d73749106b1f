// See bare_server.h.
#include "bare_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <deque>
#include <iterator>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t kReadBytes = 16'384;
constexpr int kEvents = 256;
/// The file is written over from its start when it is full.
constexpr std::size_t kFileBytes = 64 << 20;

/// `result` of a system call; throws if it failed.
template <class Result>
Result must(Result result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

/// A file whose blocks are all there, as a journal's ought to be: a sync then writes them alone.
class SyncedFile {
 public:
  explicit SyncedFile(const std::string& folder) {
    if (folder.empty()) return;
    const std::string path = folder + "/bare";
    file_ = must(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), "open");
    const std::string zeros(1 << 20, '\0');
    for (std::size_t at = 0; at < kFileBytes; at += zeros.size()) {
      must(pwrite(file_, zeros.data(), zeros.size(), static_cast<off_t>(at)), "pwrite");
    }
    must(fsync(file_), "fsync");
  }

  void append(std::string& bytes) {
    if (file_ < 0 || bytes.empty()) return bytes.clear();
    if (at_ + bytes.size() > kFileBytes) at_ = 0;
    const iovec piece{bytes.data(), bytes.size()};
    must(pwritev2(file_, &piece, 1, static_cast<off_t>(at_), RWF_DSYNC), "pwritev2");
    at_ += bytes.size();
    bytes.clear();
  }

 private:
  int file_ = -1;
  std::size_t at_ = 0;
};

struct Connection {
  int socket = -1;
  std::string in;
  std::string out;
};

struct Lock {
  bool is_held = false;
  std::deque<Connection*> waiters;
};

/// Cuts requests, arrays of strings, from the front of what was read.
class Requests {
 public:
  explicit Requests(std::string_view bytes) : rest_(bytes) {}

  /// False if the next is not whole yet.
  bool next(std::vector<std::string_view>& words) {
    const std::string_view before = rest_;
    words.clear();
    for (std::size_t count = number(); count > 0; --count) {
      const std::size_t size = number();
      if (size + 2 > rest_.size()) break;
      words.push_back(rest_.substr(0, size));
      rest_.remove_prefix(size + 2);
      if (count == 1) return true;
    }
    rest_ = before;
    return false;
  }
  std::string_view rest() const { return rest_; }

 private:
  /// Of the next line, behind its first character; 0 if there is no line.
  std::size_t number() {
    const std::size_t end = rest_.find('\n');
    std::size_t value = 0;
    if (end == std::string_view::npos) return value;
    std::from_chars(rest_.data() + 1, rest_.data() + end, value);
    rest_.remove_prefix(end + 1);
    return value;
  }

  std::string_view rest_;
};

class BareServer {
 public:
  BareServer(std::uint16_t port, const std::string& folder)
      : file_(folder),
        listener_(must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")),
        epoll_(must(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    must(setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
    must(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
    must(listen(listener_, SOMAXCONN), "listen");
    watch(listener_, nullptr);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, kEvents> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), kEvents, -1);
      for (int i = 0; i < count; ++i) {
        auto* connection = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (connection == nullptr) {
          accept_one();
        } else {
          read(*connection);
        }
      }
      file_.append(record_);
      for (Connection* connection : answered_) send_answers(*connection);
      answered_.clear();
    }
  }

 private:
  void watch(int socket, Connection* connection) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = connection;
    must(epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event), "epoll_ctl");
  }

  void accept_one() {
    const int socket = must(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC), "accept4");
    const int on = 1;
    must(setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
    // Never deleted: somebody may wait on it, and a run has few.
    watch(socket, new Connection{.socket = socket, .in = {}, .out = {}});
  }

  void read(Connection& from) {
    std::array<char, kReadBytes> room;
    const ssize_t got = recv(from.socket, room.data(), room.size(), 0);
    if (got <= 0) {
      close(from.socket);
      return;
    }
    from.in.append(room.data(), static_cast<std::size_t>(got));
    Requests requests(from.in);
    while (requests.next(words_)) execute(from);
    from.in.erase(0, from.in.size() - requests.rest().size());
  }

  void execute(Connection& from) {
    if (words_[0] == "LOCK.ACQUIRE") {
      Lock& lock = locks_[std::string(words_[1])];
      if (lock.is_held) return lock.waiters.push_back(&from);
      grant(lock, from);
    } else if (words_[0] == "LOCK.RELEASE") {
      Lock& lock = locks_[std::string(words_[1])];
      lock.is_held = false;
      answer(from, ":1\r\n");
      if (!lock.waiters.empty()) {
        Connection& next = *lock.waiters.front();
        lock.waiters.pop_front();
        grant(lock, next);
      }
    } else {
      answer(from, "+OK\r\n");
    }
    for (const std::string_view word : words_) record_ += word;
  }

  void grant(Lock& lock, Connection& to) {
    lock.is_held = true;
    ++token_;
    answer(to, fmt::format("*6\r\n$5\r\ntoken\r\n:{}\r\n$5\r\nlease\r\n:0\r\n"
                           "$6\r\nwaited\r\n:0\r\n",
                           token_));
  }

  void answer(Connection& to, std::string_view bytes) {
    if (to.out.empty()) answered_.push_back(&to);
    to.out += bytes;
  }

  /// Nobody here leaves so much unread that the kernel would take a part only.
  static void send_answers(Connection& to) {
    send(to.socket, to.out.data(), to.out.size(), MSG_NOSIGNAL);
    to.out.clear();
  }

  SyncedFile file_;
  int listener_;
  int epoll_;
  std::unordered_map<std::string, Lock> locks_;
  std::uint64_t token_ = 0;
  std::string record_;  ///< of what was done since the last sync
  std::vector<Connection*> answered_;
  std::vector<std::string_view> words_;  ///< of the request that is being looked at
};

}  // namespace

void serve_bare(std::uint16_t port, const std::string& folder) { BareServer(port, folder).run(); }

}  // namespace bench
