// An ephemeral sequential node below the key's; whoever has the least number holds the key, the
// others watch the node before their own. The key's node is made once and kept.
#include "zookeeper_locker.h"

#include <fmt/format.h>
#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bench {
namespace {

constexpr int kSessionTimeoutMs = 30'000;
constexpr auto kPatience = std::chrono::minutes(1);
constexpr std::size_t kPathBytes = 256;

void check(int code, const char* call) {
  if (code != ZOK) throw std::runtime_error(fmt::format("{}: {}", call, zerror(code)));
}

/// What one thread of the library tells the worker.
class Signal {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    is_set_ = true;
    changed_.notify_one();
  }
  /// Waits until it is set, and resets it.
  void wait(const char* what) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [this] { return is_set_; })) {
      throw std::runtime_error(fmt::format("ZooKeeper: waited too long for {}", what));
    }
    is_set_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_set_ = false;
};

class ZookeeperLocker final : public Locker {
 public:
  explicit ZookeeperLocker(std::uint16_t port) {
    zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
    handle_ = zookeeper_init(fmt::format("127.0.0.1:{}", port).c_str(), connected,
                             kSessionTimeoutMs, nullptr, this, 0);
    if (handle_ == nullptr) throw std::runtime_error("zookeeper_init failed");
    is_connected_.wait("the connection");
  }
  ~ZookeeperLocker() override { zookeeper_close(handle_); }
  ZookeeperLocker(const ZookeeperLocker&) = delete;
  ZookeeperLocker& operator=(const ZookeeperLocker&) = delete;

  std::uint64_t lock(const std::string& key) override {
    const std::string parent = node_of(key);
    std::array<char, kPathBytes> path{};
    Stat stat{};
    check(zoo_create2(handle_, (parent + "/lock-").c_str(), nullptr, -1, &ZOO_OPEN_ACL_UNSAFE,
                      ZOO_EPHEMERAL_SEQUENTIAL, path.data(), path.size(), &stat),
          "create");
    node_ = path.data();
    const std::string mine = node_.substr(parent.size() + 1);
    for (;;) {
      const std::string before = one_before(parent, mine);
      if (before.empty()) return static_cast<std::uint64_t>(stat.czxid);
      const int code = zoo_wexists(handle_, (parent + "/" + before).c_str(), gone, this, nullptr);
      if (code == ZNONODE) continue;
      check(code, "exists");
      is_gone_.wait("the one before");
    }
  }

  void unlock() override { check(zoo_delete(handle_, node_.c_str(), -1), "delete"); }

 private:
  static void connected(zhandle_t*, int type, int state, const char*, void* self) {
    if (type == ZOO_SESSION_EVENT && state == ZOO_CONNECTED_STATE) {
      static_cast<ZookeeperLocker*>(self)->is_connected_.set();
    }
  }
  static void gone(zhandle_t*, int type, int, const char*, void* self) {
    if (type == ZOO_DELETED_EVENT) static_cast<ZookeeperLocker*>(self)->is_gone_.set();
  }

  /// The key's node, which is made when the key is first locked.
  std::string node_of(const std::string& key) {
    std::string path = "/" + key;
    std::replace(path.begin() + 1, path.end(), '/', '-');
    if (known_.insert(path).second) {
      const int code = zoo_create(handle_, path.c_str(), nullptr, -1, &ZOO_OPEN_ACL_UNSAFE,
                                  ZOO_PERSISTENT, nullptr, 0);
      if (code != ZNODEEXISTS) check(code, "create of the key's node");
    }
    return path;
  }

  /// The name of the node before `mine`, empty if it is the first. The numbers have ten digits,
  /// so the names are in their order.
  std::string one_before(const std::string& parent, const std::string& mine) {
    String_vector children{};
    check(zoo_get_children(handle_, parent.c_str(), 0, &children), "getChildren");
    std::string_view before;
    for (int i = 0; i < children.count; ++i) {
      const std::string_view child = children.data[i];
      if (child < mine && child > before) before = child;
    }
    std::string result(before);
    deallocate_String_vector(&children);
    return result;
  }

  zhandle_t* handle_ = nullptr;
  Signal is_connected_;
  Signal is_gone_;
  std::set<std::string> known_;
  std::string node_;
};

}  // namespace

std::unique_ptr<Locker> make_zookeeper_locker(std::uint16_t port) {
  return std::make_unique<ZookeeperLocker>(port);
}

}  // namespace bench
