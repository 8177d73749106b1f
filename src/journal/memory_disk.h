// A data directory in memory that fails, tears writes and loses power on demand:
// for tests and for the simulator.
//
// MemoryFiles is what stays when a process dies; a MemoryDisk is one process's
// view of it, and lives as long as the process.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "journal/disk.h"

namespace journal {

/// One thing that goes wrong.
struct DiskFault {
  enum class Kind {
    Error,      ///< the call fails
    Full,       ///< the call fails for want of space
    PowerLoss,  ///< the call and all later ones fail, until MemoryFiles::restart()
  };
  Kind kind = Kind::Error;
  std::uint64_t at_call = 0;  ///< the n-th call from now, counting from 1; 0: never
  bool for_ever = false;      ///< an Error or a Full happens at every later call, too
  /// What is done all the same: of the write that fails, the sectors (counted from 0) for which
  /// this is true.
  std::function<bool(std::uint64_t)> keeps;
  /// A PowerLoss is only the death of the process: the system keeps what the write had done and all
  /// changes to the directory, as not yet synced, for a loss of power to take away.
  bool is_process_only = false;
  /// What `keeps` says of sectors, for the changes to the directory that a power loss finds not
  /// synced; where it is empty, `keeps` decides for them as well.
  std::function<bool(std::uint64_t)> keeps_name = {};
  /// Calls that find all changes to the directory synced are not counted.
  bool at_unsynced_name = false;
};

/// The contents of a directory. Safe for threads.
class MemoryFiles {
 public:
  MemoryFiles() = default;
  explicit MemoryFiles(std::map<std::string, std::string> contents) { set_contents(contents); }

  void set_fault(const DiskFault& fault);
  /// How many calls there were; every call to a Disk or File counts.
  std::uint64_t calls() const;
  /// The power is back: what was not durable is gone, locks are free, nothing fails any more.
  void restart();
  void set_free_bytes(std::uint64_t bytes);
  /// Whether a PowerLoss has hit since the last restart().
  bool is_off() const;

  /// All files, as a process sees them, by their names.
  std::map<std::string, std::string> contents() const;
  void set_contents(const std::map<std::string, std::string>& contents);

 private:
  friend class MemoryDisk;
  friend class MemoryFile;

  using Bytes = std::shared_ptr<std::string>;
  using Names = std::map<std::string, Bytes>;
  /// One change to the directory: names that point to other bytes, or (null) to none.
  using Change = std::map<std::string, Bytes>;

  /// A piece of a file that only the system has.
  struct Cached {
    Bytes file;
    std::uint64_t at = 0;
    std::string durable;  ///< what the disk has there
  };

  /// Counts a call. The fault that hits it, if any.
  const DiskFault* enter();
  base::Result<void> fail(const DiskFault& fault, const std::string& what) const;
  base::Result<void> change_names(const std::string& what, const Change& change);
  void write(const Bytes& bytes, std::uint64_t offset, std::string_view data,
             const DiskFault* fault);
  void sync(const Bytes& bytes);
  void lose_power();
  static void apply(const Change& change, Names& names);

  mutable std::mutex mutex_;
  Names names_;                   ///< as processes see them
  Names durable_names_;           ///< as they are after a power loss
  std::vector<Change> unsynced_;  ///< from the durable names to the others
  std::vector<Cached> cached_;    ///< by a write that its process did not survive
  DiskFault fault_;
  std::uint64_t calls_ = 0;
  bool is_off_ = false;
  bool is_locked_ = false;
  std::uint64_t free_bytes_ = std::uint64_t{1} << 40;
};

/// One process's Disk over `files`, which must outlive it.
class MemoryDisk : public Disk {
 public:
  explicit MemoryDisk(MemoryFiles& files) : files_(files) {}
  ~MemoryDisk() override;

  const std::string& path() const override { return path_; }
  base::Result<void> lock() override;
  base::Result<std::unique_ptr<File>> open(const std::string& name, Access access) override;
  base::Result<std::unique_ptr<File>> create(const std::string& name) override;
  base::Result<void> rename(const std::string& from, const std::string& to) override;
  base::Result<void> remove(const std::string& name) override;
  base::Result<std::vector<std::string>> list() override;
  base::Result<void> sync_directory() override;
  base::Result<std::uint64_t> free_bytes() override;

 private:
  MemoryFiles& files_;
  bool has_lock_ = false;
  std::string path_ = "memory";
};

}  // namespace journal
