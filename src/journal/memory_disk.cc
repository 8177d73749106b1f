// The disk that fails on demand.
#include "journal/memory_disk.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "journal/file/format.h"

namespace journal {

/// A handle; the bytes live on when the name is gone, as on a real file system.
class MemoryFile : public File {
 public:
  MemoryFile(MemoryFiles& files, MemoryFiles::Bytes bytes, std::string name)
      : files_(files), bytes_(std::move(bytes)), name_(std::move(name)) {}

  base::Result<std::uint64_t> size() const override {
    const std::lock_guard lock(files_.mutex_);
    if (const DiskFault* fault = files_.enter()) return failed(*fault, "cannot examine ");
    return bytes_->size();
  }

  base::Result<std::size_t> read(std::uint64_t offset, std::span<char> out) const override {
    const std::lock_guard lock(files_.mutex_);
    if (const DiskFault* fault = files_.enter()) return failed(*fault, "cannot read ");
    if (offset >= bytes_->size()) return 0;
    const std::size_t size = std::min(out.size(), bytes_->size() - offset);
    std::memcpy(out.data(), bytes_->data() + offset, size);
    return size;
  }

  base::Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    const std::lock_guard lock(files_.mutex_);
    const DiskFault* fault = files_.enter();
    files_.write(bytes_, offset, bytes, fault);
    if (fault) return failed(*fault, "cannot write ");
    return {};
  }

  base::Result<void> sync() override {
    const std::lock_guard lock(files_.mutex_);
    if (const DiskFault* fault = files_.enter()) return failed(*fault, "cannot sync ");
    files_.sync(bytes_);
    return {};
  }

 private:
  std::unexpected<base::Error> failed(const DiskFault& fault, const char* what) const {
    return std::unexpected(files_.fail(fault, what + name_).error());
  }

  MemoryFiles& files_;
  MemoryFiles::Bytes bytes_;
  std::string name_;
};

void MemoryFiles::set_fault(const DiskFault& fault) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
  if (fault.at_call != 0) fault_.at_call += calls_;
}

std::uint64_t MemoryFiles::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

void MemoryFiles::set_free_bytes(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  free_bytes_ = bytes;
}

bool MemoryFiles::is_off() const {
  const std::lock_guard lock(mutex_);
  return is_off_;
}

std::map<std::string, std::string> MemoryFiles::contents() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::string> contents;
  for (const auto& [name, bytes] : names_) contents[name] = *bytes;
  return contents;
}

void MemoryFiles::set_contents(const std::map<std::string, std::string>& contents) {
  const std::lock_guard lock(mutex_);
  names_.clear();
  for (const auto& [name, bytes] : contents) names_[name] = std::make_shared<std::string>(bytes);
  durable_names_ = names_;
  unsynced_.clear();
  cached_.clear();
}

void MemoryFiles::restart() {
  const std::lock_guard lock(mutex_);
  if (!is_off_) lose_power();
  if (!fault_.is_process_only) names_ = durable_names_;
  is_off_ = is_locked_ = false;
  fault_ = {};
}

const DiskFault* MemoryFiles::enter() {
  ++calls_;
  if (is_off_) return &fault_;
  if (fault_.at_call == 0) return nullptr;
  if (fault_.at_unsynced_name && unsynced_.empty()) ++fault_.at_call;
  const bool hits = fault_.for_ever ? calls_ >= fault_.at_call : calls_ == fault_.at_call;
  if (!hits) return nullptr;
  if (fault_.kind == DiskFault::Kind::PowerLoss) lose_power();
  return &fault_;
}

base::Result<void> MemoryFiles::fail(const DiskFault& fault, const std::string& what) const {
  if (fault.kind == DiskFault::Kind::Full) return disk_full(what);
  return base::failure(base::Fault::Io,
                       what + (is_off_ ? ": the power is off" : ": Input/output error"));
}

/// The call at which the power goes still sees the disk on, so that its write can be torn.
void MemoryFiles::write(const Bytes& file, std::uint64_t offset, std::string_view data,
                        const DiskFault* fault) {
  if (fault && is_off_ && calls_ != fault_.at_call) return;
  std::string& bytes = *file;
  const bool is_only_cached = fault && is_off_ && fault_.is_process_only;
  for (std::uint64_t at = 0, sector = 0; at < data.size(); ++sector) {
    // Sectors are those of the disk, wherever the write begins.
    const std::uint64_t end = ((offset + at) / kSectorSize + 1) * kSectorSize - offset;
    const std::string_view part = data.substr(at, end - at);
    if (!fault || (fault->keeps && fault->keeps(sector))) {
      const std::uint64_t place = offset + at;
      if (bytes.size() < place + part.size()) bytes.resize(place + part.size());
      std::erase_if(cached_, [&](const Cached& c) { return c.file == file && c.at == place; });
      if (is_only_cached) cached_.push_back({file, place, bytes.substr(place, part.size())});
      std::memcpy(bytes.data() + place, part.data(), part.size());
    }
    at = end;
  }
}

base::Result<void> MemoryFiles::change_names(const std::string& what, const Change& change) {
  const DiskFault* fault = enter();
  if (fault) return fail(*fault, what);
  apply(change, names_);
  unsynced_.push_back(change);
  return {};
}

void MemoryFiles::sync(const Bytes& file) {
  std::erase_if(cached_, [&](const Cached& piece) { return piece.file == file; });
}

void MemoryFiles::lose_power() {
  is_off_ = true;
  // The system of a process that dies goes on, with all that it has.
  if (fault_.is_process_only) return;
  const auto& keeps = fault_.keeps_name ? fault_.keeps_name : fault_.keeps;
  for (std::uint64_t i = 0; i < unsynced_.size(); ++i) {
    if (keeps && keeps(i)) apply(unsynced_[i], durable_names_);
  }
  unsynced_.clear();
  for (const Cached& piece : cached_) {
    if (fault_.keeps && fault_.keeps(piece.at / kSectorSize)) continue;
    std::memcpy(piece.file->data() + piece.at, piece.durable.data(), piece.durable.size());
  }
  cached_.clear();
}

void MemoryFiles::apply(const Change& change, Names& names) {
  for (const auto& [name, bytes] : change) {
    if (bytes) {
      names[name] = bytes;
    } else {
      names.erase(name);
    }
  }
}

MemoryDisk::~MemoryDisk() {
  const std::lock_guard lock(files_.mutex_);
  if (has_lock_) files_.is_locked_ = false;
}

base::Result<void> MemoryDisk::lock() {
  const std::lock_guard lock(files_.mutex_);
  if (const DiskFault* fault = files_.enter()) return files_.fail(*fault, "cannot lock " + path_);
  if (has_lock_) return {};
  if (files_.is_locked_) {
    return base::failure(base::Fault::InUse,
                         "the data directory " + path_ + " is in use by another turnstile server");
  }
  files_.is_locked_ = has_lock_ = true;
  return {};
}

base::Result<std::unique_ptr<File>> MemoryDisk::open(const std::string& name, Access) {
  const std::lock_guard lock(files_.mutex_);
  const std::string what = "cannot open " + name;
  if (const DiskFault* fault = files_.enter()) {
    return std::unexpected(files_.fail(*fault, what).error());
  }
  const auto at = files_.names_.find(name);
  if (at == files_.names_.end()) {
    return base::failure(base::Fault::Io, what + ": No such file or directory");
  }
  return std::make_unique<MemoryFile>(files_, at->second, name);
}

base::Result<std::unique_ptr<File>> MemoryDisk::create(const std::string& name) {
  const std::lock_guard lock(files_.mutex_);
  const std::string what = "cannot create " + name;
  if (files_.names_.contains(name)) {
    return base::failure(base::Fault::Io, what + ": File exists");
  }
  const auto bytes = std::make_shared<std::string>();
  if (auto changed = files_.change_names(what, {{name, bytes}}); !changed) {
    return std::unexpected(changed.error());
  }
  return std::make_unique<MemoryFile>(files_, bytes, name);
}

base::Result<void> MemoryDisk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(files_.mutex_);
  const std::string what = "cannot rename " + from + " to " + to;
  const auto at = files_.names_.find(from);
  if (at == files_.names_.end()) {
    return base::failure(base::Fault::Io, what + ": No such file or directory");
  }
  return files_.change_names(what, {{to, at->second}, {from, nullptr}});
}

base::Result<void> MemoryDisk::remove(const std::string& name) {
  const std::lock_guard lock(files_.mutex_);
  const std::string what = "cannot remove " + name;
  if (!files_.names_.contains(name)) {
    return base::failure(base::Fault::Io, what + ": No such file or directory");
  }
  return files_.change_names(what, {{name, nullptr}});
}

base::Result<std::vector<std::string>> MemoryDisk::list() {
  const std::lock_guard lock(files_.mutex_);
  if (const DiskFault* fault = files_.enter()) {
    return std::unexpected(files_.fail(*fault, "cannot list " + path_).error());
  }
  std::vector<std::string> names;
  for (const auto& [name, bytes] : files_.names_) names.push_back(name);
  return names;
}

base::Result<void> MemoryDisk::sync_directory() {
  const std::lock_guard lock(files_.mutex_);
  if (const DiskFault* fault = files_.enter()) {
    return files_.fail(*fault, "cannot sync the directory " + path_);
  }
  files_.durable_names_ = files_.names_;
  files_.unsynced_.clear();
  return {};
}

base::Result<std::uint64_t> MemoryDisk::free_bytes() {
  const std::lock_guard lock(files_.mutex_);
  if (const DiskFault* fault = files_.enter()) {
    return std::unexpected(files_.fail(*fault, "cannot examine " + path_).error());
  }
  return files_.free_bytes_;
}

}  // namespace journal
