// Writes down, call by call, what a process does to one directory, so that a
// test can tell afterwards what a power loss would have left of it. The process
// is the real binary: this library is loaded before it (LD_PRELOAD), stands
// between it and libc, and changes nothing that it does.
//
//   TURNSTILE_POWER_LOSS_DATA   the directory, as the process opens it
//   TURNSTILE_POWER_LOSS_LOG    the file that it writes to
//
// What changes something is written down before it is done, and a sync after it
// returned: what the log calls durable was durable before the process could say
// so to anybody. The log survives SIGKILL; test/power_loss_model.py reads it.
//
// A record of the log is a Record and `size` bytes of data.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace {

enum class Kind : std::uint32_t {
  Create = 1,         ///< `file` is new; the data is its name
  Open = 2,           ///< `file` is that of the name in the data
  Write = 3,          ///< is about to be written at `at`: the data
  Durable = 4,        ///< the write in record `at` has returned, and is durable
  Sync = 5,           ///< the sync of `file` that was begun at record `at` has returned
  Truncate = 6,       ///< is about to be cut to `at` bytes
  Rename = 7,         ///< the data is the old name, a slash, and the new name
  Remove = 8,         ///< the data is the name
  DirectorySync = 9,  ///< the sync of the directory begun at record `at` has returned
};

struct Record {
  Kind kind;
  std::uint32_t size;
  std::uint64_t file;
  std::uint64_t at;
};
static_assert(sizeof(Record) == 24);

/// The function that this library stands before.
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

class Witness {
 public:
  Witness() {
    const char* data = std::getenv("TURNSTILE_POWER_LOSS_DATA");
    const char* log = std::getenv("TURNSTILE_POWER_LOSS_LOG");
    if (data == nullptr || log == nullptr) return;
    data_ = data;
    static const auto real_open = next<int(const char*, int, ...)>("open");
    log_ = real_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }

  /// Held while a name changes, so that the log has the order of the directory.
  std::mutex& mutex() { return mutex_; }

  /// The name of `path` within the directory; nothing: it lies elsewhere.
  std::optional<std::string> name_of(int directory, std::string_view path) const {
    if (log_ < 0) return {};
    if (path.starts_with(data_ + "/"))
      path.remove_prefix(data_.size() + 1);
    else if (!is_directory(directory))
      return {};
    if (path.empty() || path == "." || path.find('/') != std::string_view::npos) return {};
    return std::string(path);
  }

  void opened_directory(int fd, std::string_view path) {
    if (log_ >= 0 && path == data_) directories_[fd] = true;
  }
  bool is_directory(int fd) const { return directories_.contains(fd); }

  void opened(int fd, const std::string& name, bool is_new) {
    if (is_new || !names_.contains(name)) {
      names_[name] = ++last_file_;
      put(is_new ? Kind::Create : Kind::Open, last_file_, 0, name);
    }
    files_[fd] = names_[name];
  }
  void closed(int fd) {
    files_.erase(fd);
    directories_.erase(fd);
  }
  /// 0: not a file of the directory.
  std::uint64_t file_of(int fd) const {
    const auto it = files_.find(fd);
    return it == files_.end() ? 0 : it->second;
  }

  void renamed(const std::string& from, const std::string& to) {
    put(Kind::Rename, 0, 0, from + "/" + to);
    if (const auto it = names_.find(from); it != names_.end()) names_[to] = it->second;
    names_.erase(from);
  }
  void removed(const std::string& name) {
    put(Kind::Remove, 0, 0, name);
    names_.erase(name);
  }

  /// Returns the record's number.
  std::uint64_t put(Kind kind, std::uint64_t file, std::uint64_t at, std::string_view data = {}) {
    static const auto real_write = next<ssize_t(int, const void*, std::size_t)>("write");
    const Record record{kind, static_cast<std::uint32_t>(data.size()), file, at};
    std::string bytes(reinterpret_cast<const char*>(&record), sizeof(record));
    bytes += data;
    // A log that cannot be written would make the judge blind.
    if (real_write(log_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      std::abort();
    }
    return count_++;
  }
  std::uint64_t count() const { return count_; }

 private:
  std::mutex mutex_;
  std::string data_;
  int log_ = -1;
  std::uint64_t count_ = 0;
  std::uint64_t last_file_ = 0;
  std::map<std::string, std::uint64_t> names_;
  std::map<int, std::uint64_t> files_;
  std::map<int, bool> directories_;
};

/// Made at the first call, and never destroyed: others close files until the very end.
Witness& witness() {
  static Witness* const one = new Witness;
  return *one;
}

std::string gather(const iovec* parts, int count) {
  std::string data;
  for (int i = 0; i < count; ++i) {
    data.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  }
  return data;
}

/// Writes down a write, does it, and writes down that it is durable if it is.
template <class Write>
ssize_t witnessed_write(int fd, std::uint64_t offset, const std::string& data, bool is_durable,
                        Write&& write) {
  Witness& w = witness();
  std::uint64_t file = 0;
  std::uint64_t record = 0;
  {
    const std::lock_guard lock(w.mutex());
    file = w.file_of(fd);
    if (file != 0) record = w.put(Kind::Write, file, offset, data);
  }
  const ssize_t written = write();
  if (file == 0 || !is_durable || written != static_cast<ssize_t>(data.size())) return written;
  const std::lock_guard lock(w.mutex());
  w.put(Kind::Durable, file, record);
  return written;
}

template <class Sync>
int witnessed_sync(int fd, Sync&& sync) {
  Witness& w = witness();
  std::uint64_t file = 0;
  std::uint64_t begun = 0;
  bool is_directory = false;
  {
    const std::lock_guard lock(w.mutex());
    file = w.file_of(fd);
    is_directory = w.is_directory(fd);
    begun = w.count();
  }
  const int result = sync();
  if (result != 0 || (file == 0 && !is_directory)) return result;
  const std::lock_guard lock(w.mutex());
  w.put(is_directory ? Kind::DirectorySync : Kind::Sync, file, begun);
  return result;
}

int witnessed_open(int directory, const char* path, int flags, mode_t mode) {
  static const auto real_openat = next<int(int, const char*, int, ...)>("openat");
  Witness& w = witness();
  const std::lock_guard lock(w.mutex());
  const auto name = w.name_of(directory, path);
  struct stat status{};
  const bool existed = !name || ::fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
  const int fd = real_openat(directory, path, flags, mode);
  if (fd < 0) return fd;
  if (name) {
    w.opened(fd, *name, !existed);
  } else {
    w.opened_directory(fd, path);
  }
  return fd;
}

mode_t mode_in(int flags, va_list& rest) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_in(flags, rest);
  va_end(rest);
  return witnessed_open(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_in(flags, rest);
  va_end(rest);
  return witnessed_open(directory, path, flags, mode);
}

int close(int fd) {
  static const auto real_close = next<int(int)>("close");
  const std::lock_guard lock(witness().mutex());
  witness().closed(fd);
  return real_close(fd);
}

ssize_t pwritev2(int fd, const iovec* parts, int count, off_t offset, int flags) {
  static const auto real = next<ssize_t(int, const iovec*, int, off_t, int)>("pwritev2");
  return witnessed_write(fd, static_cast<std::uint64_t>(offset), gather(parts, count),
                         (flags & (RWF_DSYNC | RWF_SYNC)) != 0,
                         [&] { return real(fd, parts, count, offset, flags); });
}

ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  static const auto real = next<ssize_t(int, const iovec*, int, off_t)>("pwritev");
  return witnessed_write(fd, static_cast<std::uint64_t>(offset), gather(parts, count), false,
                         [&] { return real(fd, parts, count, offset); });
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  static const auto real = next<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return witnessed_write(fd, static_cast<std::uint64_t>(offset),
                         std::string(static_cast<const char*>(data), size), false,
                         [&] { return real(fd, data, size, offset); });
}

int fdatasync(int fd) {
  static const auto real = next<int(int)>("fdatasync");
  return witnessed_sync(fd, [&] { return real(fd); });
}

int fsync(int fd) {
  static const auto real = next<int(int)>("fsync");
  return witnessed_sync(fd, [&] { return real(fd); });
}

int ftruncate(int fd, off_t size) noexcept {
  static const auto real = next<int(int, off_t)>("ftruncate");
  Witness& w = witness();
  const std::lock_guard lock(w.mutex());
  if (const std::uint64_t file = w.file_of(fd); file != 0) {
    w.put(Kind::Truncate, file, static_cast<std::uint64_t>(size));
  }
  return real(fd, size);
}

int renameat(int from_directory, const char* from, int to_directory, const char* to) noexcept {
  static const auto real = next<int(int, const char*, int, const char*)>("renameat");
  Witness& w = witness();
  const std::lock_guard lock(w.mutex());
  const auto old_name = w.name_of(from_directory, from);
  const auto new_name = w.name_of(to_directory, to);
  if (old_name && new_name) w.renamed(*old_name, *new_name);
  return real(from_directory, from, to_directory, to);
}

int unlinkat(int directory, const char* path, int flags) noexcept {
  static const auto real = next<int(int, const char*, int)>("unlinkat");
  Witness& w = witness();
  const std::lock_guard lock(w.mutex());
  if (const auto name = w.name_of(directory, path)) w.removed(*name);
  return real(directory, path, flags);
}

}  // extern "C"
