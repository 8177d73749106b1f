// The data directory on a real file system. All names are resolved against an
// open directory, so that renaming the directory while the service runs is harmless.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/check.h"
#include "base/fault_point.h"
#include "journal/disk.h"

namespace journal {
namespace {

constexpr std::string_view kDiskFull = ": the disk is full";
constexpr const char* kLockFile = "lock";

std::unexpected<base::Error> io_failure(const std::string& what, int error_number) {
  if (error_number == ENOSPC || error_number == EDQUOT) return disk_full(what);
  return base::failure_errno(base::Fault::Io, what, error_number);
}

/// Repeats a system call that a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

class PosixFile : public File {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  base::Result<std::uint64_t> size() const override {
    struct stat status{};
    if (::fstat(fd_.get(), &status) != 0) return io_failure("cannot examine " + path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  base::Result<std::size_t> read(std::uint64_t offset, std::span<char> out) const override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t count = uninterrupted([&] {
        return ::pread(fd_.get(), out.data() + done, out.size() - done,
                       static_cast<off_t>(offset + done));
      });
      if (count < 0) return io_failure("cannot read " + path_, errno);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  base::Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    FAULT_POINT("disk.before_write");
    auto written = write_all(offset, bytes);
    FAULT_POINT("disk.after_write");
    return written;
  }

  base::Result<void> sync() override {
    FAULT_POINT("disk.before_sync");
    if (uninterrupted([&] { return ::fdatasync(fd_.get()); }) != 0) {
      return io_failure("cannot sync " + path_, errno);
    }
    FAULT_POINT("disk.after_sync");
    return {};
  }

 private:
  base::Result<void> write_all(std::uint64_t offset, std::string_view bytes) {
    bool durable = true;
    while (!bytes.empty()) {
      const ssize_t count = uninterrupted([&] { return write_some(offset, bytes, durable); });
      if (count < 0) return io_failure("cannot write " + path_, errno);
      // A file system that takes nothing and reports nothing would hold us for ever.
      if (count == 0) return io_failure("cannot write " + path_, EIO);
      bytes.remove_prefix(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
    return durable ? base::Result<void>() : sync();
  }

  /// Clears `durable` where the file system cannot write and sync in one call.
  ssize_t write_some(std::uint64_t offset, std::string_view bytes, bool& durable) {
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    if (durable) {
      const ssize_t count = ::pwritev2(fd_.get(), &part, 1, static_cast<off_t>(offset), RWF_DSYNC);
      if (count >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS)) return count;
      durable = false;
    }
    return ::pwritev(fd_.get(), &part, 1, static_cast<off_t>(offset));
  }

  Descriptor fd_;
  std::string path_;
};

class PosixDisk : public Disk {
 public:
  PosixDisk(Descriptor directory, std::string path)
      : directory_(std::move(directory)), path_(std::move(path)) {}

  const std::string& path() const override { return path_; }

  base::Result<void> lock() override {
    if (lock_.is_open()) return {};
    Descriptor file(open_at(kLockFile, O_RDWR | O_CREAT));
    if (!file.is_open()) return io_failure("cannot open " + path_of(kLockFile), errno);
    if (uninterrupted([&] { return ::flock(file.get(), LOCK_EX | LOCK_NB); }) != 0) {
      return errno == EWOULDBLOCK ? in_use(file)
                                  : io_failure("cannot lock " + path_of(kLockFile), errno);
    }
    const std::string pid = std::to_string(::getpid());
    if (::ftruncate(file.get(), 0) != 0 ||
        ::pwrite(file.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
      return io_failure("cannot write " + path_of(kLockFile), errno);
    }
    lock_ = std::move(file);
    return {};
  }

  base::Result<std::unique_ptr<File>> open(const std::string& name, Access access) override {
    return open_file(name, access == Access::Read ? O_RDONLY : O_RDWR, "cannot open ");
  }

  base::Result<std::unique_ptr<File>> create(const std::string& name) override {
    auto file = open_file(name, O_RDWR | O_CREAT | O_EXCL, "cannot create ");
    FAULT_POINT("disk.after_create");
    return file;
  }

  base::Result<void> rename(const std::string& from, const std::string& to) override {
    FAULT_POINT("disk.before_rename");
    if (::renameat(directory_.get(), from.c_str(), directory_.get(), to.c_str()) != 0) {
      return io_failure("cannot rename " + path_of(from) + " to " + to, errno);
    }
    FAULT_POINT("disk.after_rename");
    return {};
  }

  base::Result<void> remove(const std::string& name) override {
    FAULT_POINT("disk.before_remove");
    if (::unlinkat(directory_.get(), name.c_str(), 0) != 0) {
      return io_failure("cannot remove " + path_of(name), errno);
    }
    FAULT_POINT("disk.after_remove");
    return {};
  }

  base::Result<std::vector<std::string>> list() override {
    const std::string what = "cannot list " + path_;
    // A descriptor of its own: reading a directory moves the descriptor's position.
    const int fd = ::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return io_failure(what, errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), &::closedir);
    if (!stream) {
      ::close(fd);
      return io_failure(what, ENOMEM);
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
      if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN) names.emplace_back(entry->d_name);
      errno = 0;
    }
    if (errno != 0) return io_failure(what, errno);
    std::ranges::sort(names);
    return names;
  }

  base::Result<void> sync_directory() override {
    FAULT_POINT("disk.before_directory_sync");
    if (uninterrupted([&] { return ::fsync(directory_.get()); }) != 0) {
      return io_failure("cannot sync the directory " + path_, errno);
    }
    FAULT_POINT("disk.after_directory_sync");
    return {};
  }

  base::Result<std::uint64_t> free_bytes() override {
    struct statvfs status{};
    if (::fstatvfs(directory_.get(), &status) != 0) {
      return io_failure("cannot examine the file system of " + path_, errno);
    }
    return std::uint64_t{status.f_bavail} * status.f_frsize;
  }

 private:
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  int open_at(const char* name, int flags) const {
    return uninterrupted(
        [&] { return ::openat(directory_.get(), name, flags | O_CLOEXEC | O_NOFOLLOW, 0600); });
  }

  base::Result<std::unique_ptr<File>> open_file(const std::string& name, int flags,
                                                const char* what) {
    CHECK(name.find('/') == std::string::npos);
    Descriptor fd(open_at(name.c_str(), flags));
    if (!fd.is_open()) return io_failure(what + path_of(name), errno);
    return std::make_unique<PosixFile>(std::move(fd), path_of(name));
  }

  base::Result<void> in_use(const Descriptor& file) const {
    char pid[24] = {};
    const ssize_t size = ::pread(file.get(), pid, sizeof(pid) - 1, 0);
    const std::string holder = size > 0 ? std::string(" (pid ") + pid + ")" : std::string();
    return base::failure(base::Fault::InUse, "the data directory " + path_ +
                                                 " is in use by another turnstile server" + holder);
  }

  Descriptor directory_;
  std::string path_;
  Descriptor lock_{-1};
};

/// The new directory's own name must be durable, too.
base::Result<void> create_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0) {
    if (errno == EEXIST) return {};
    return base::failure_errno(base::Fault::InUse, "cannot create the data directory " + path,
                               errno);
  }
  const std::string parent = std::filesystem::absolute(path).lexically_normal().parent_path();
  const Descriptor fd(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open() || ::fsync(fd.get()) != 0) {
    return io_failure("cannot sync the directory " + parent, errno);
  }
  return {};
}

}  // namespace

bool is_disk_full(const base::Error& error) {
  return error.fault == base::Fault::Io && error.message.ends_with(kDiskFull);
}

std::unexpected<base::Error> disk_full(const std::string& what) {
  return base::failure(base::Fault::Io, what + std::string(kDiskFull));
}

base::Result<std::unique_ptr<Disk>> open_disk(const std::string& path, IfMissing if_missing) {
  std::string trimmed = path;
  while (trimmed.size() > 1 && trimmed.ends_with('/')) trimmed.pop_back();
  if (if_missing == IfMissing::Create) {
    if (auto created = create_directory(trimmed); !created) {
      return std::unexpected(created.error());
    }
  }
  Descriptor fd(::open(trimmed.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.is_open()) {
    const auto fault = errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? base::Fault::Config
                                                                             : base::Fault::Io;
    return base::failure_errno(fault, "cannot open the data directory " + trimmed, errno);
  }
  return std::make_unique<PosixDisk>(std::move(fd), trimmed);
}

}  // namespace journal
