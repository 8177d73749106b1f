// One data directory, seen through the few file operations a journal needs.
//
// The journal never touches a file but through this interface, so that a test or
// a simulator can fail any of its steps, tear a write, or take the power away
// (memory_disk.h). The rules that hold for every implementation:
//
//   - A write is durable when it returns. There is no write without a sync, so
//     there is nothing to forget.
//   - A create, rename or remove is durable after the next sync_directory().
//   - An operation that failed left its file in any state between before and
//     after; the caller does not try again on the same file.
//   - Different threads may use a Disk at the same time, but not the same File.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace journal {

/// An open file. Every error is Fault::Io and names the file.
class File {
 public:
  virtual ~File() = default;

  virtual base::Result<std::uint64_t> size() const = 0;

  /// Fills `out` from `offset` on and returns how many bytes it read; fewer only at the file's end.
  virtual base::Result<std::size_t> read(std::uint64_t offset, std::span<char> out) const = 0;

  /// Writes all of `bytes` and makes them durable. Grows the file if need be.
  virtual base::Result<void> write(std::uint64_t offset, std::string_view bytes) = 0;

  /// Makes durable what an earlier process may have written without a sync.
  virtual base::Result<void> sync() = 0;
};

enum class Access { Read, ReadWrite };

/// A directory of plain files. Names contain no slash.
class Disk {
 public:
  virtual ~Disk() = default;

  /// The directory, for messages.
  virtual const std::string& path() const = 0;

  /// Makes this process the directory's only user until the Disk is destroyed.
  /// Fault::InUse: another process is it, and the message says which.
  virtual base::Result<void> lock() = 0;

  /// Opens a file that exists.
  virtual base::Result<std::unique_ptr<File>> open(const std::string& name, Access access) = 0;

  /// Creates an empty file. Fault::Io if the name is taken.
  virtual base::Result<std::unique_ptr<File>> create(const std::string& name) = 0;

  /// Replaces `to` if it exists.
  virtual base::Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual base::Result<void> remove(const std::string& name) = 0;

  /// The names of all plain files, sorted.
  virtual base::Result<std::vector<std::string>> list() = 0;
  virtual base::Result<void> sync_directory() = 0;

  /// What this process could still write, in bytes.
  virtual base::Result<std::uint64_t> free_bytes() = 0;
};

/// Whether an error means that the disk, or the user's quota, is full. Then
/// freeing space helps; after any other Fault::Io a person must look at the disk.
bool is_disk_full(const base::Error& error);

/// The error for a full disk: `what: the disk is full`.
std::unexpected<base::Error> disk_full(const std::string& what);

enum class IfMissing { Create, Refuse };

/// The directory `path` of the operating system's file system. A new directory
/// is made with mode 0700, files in it with 0600; symbolic links are not
/// followed. Fault::Config: it is missing or is no directory. Fault::InUse: it
/// cannot be created. Fault::Io: it cannot be read.
base::Result<std::unique_ptr<Disk>> open_disk(const std::string& path, IfMissing if_missing);

}  // namespace journal
