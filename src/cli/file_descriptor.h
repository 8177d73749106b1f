// An owned file descriptor, and an event that a thread can poll for.
#pragma once

#include <unistd.h>

#include <utility>

namespace cli {

/// Closes what it owns. Move-only.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    close();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { close(); }

  bool is_open() const { return fd_ >= 0; }
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

/// Set once, by any thread; readable for poll() from then on.
class Event {
 public:
  /// Throws std::system_error.
  Event();
  void set() noexcept;
  int fd() const { return fd_.get(); }

 private:
  FileDescriptor fd_;
};

}  // namespace cli
