// An etcd of one member on loopback, in a folder of its own, for one test.
#pragma once

#include <sys/types.h>

#include <string>

namespace journal::etcd {

class TestEtcd {
 public:
  TestEtcd();
  ~TestEtcd();

  /// Whether there is an etcd to start, and it answered.
  static bool is_installed();
  const std::string& address() const { return address_; }

  /// SIGSTOP and SIGCONT.
  void freeze() const;
  void thaw() const;

 private:
  std::string folder_;
  std::string address_;
  pid_t process_ = 0;
};

}  // namespace journal::etcd
