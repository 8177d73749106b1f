// Zeros, really written.
#include "journal/file/segment_preparer.h"

#include <algorithm>
#include <string>

#include "base/fault_point.h"
#include "journal/file/format.h"
#include "journal/file/snapshot_file.h"

namespace journal {
namespace {

base::Result<std::uint64_t> make_file(Disk& disk, std::uint64_t size_bytes) {
  if (auto removed = remove_leftover(disk, kNextSegmentName); !removed) {
    return std::unexpected(removed.error());
  }
  const auto file = disk.create(kNextSegmentName);
  if (!file) return std::unexpected(file.error());
  FAULT_POINT("segment.before_zeros");
  const std::string zeros(std::min<std::uint64_t>(size_bytes, std::uint64_t{1} << 20), '\0');
  for (std::uint64_t at = 0; at < size_bytes; at += zeros.size()) {
    const std::uint64_t size = std::min<std::uint64_t>(zeros.size(), size_bytes - at);
    if (auto written = (*file)->write(at, std::string_view(zeros).substr(0, size)); !written) {
      return std::unexpected(written.error());
    }
    FAULT_POINT("segment.between_zeros");
  }
  FAULT_POINT("segment.after_zeros");
  return size_bytes;
}

}  // namespace

void SegmentPreparer::start(std::uint64_t size_bytes) {
  if (!in_background_) return;
  prepared_ = std::async(std::launch::async, make_file, std::ref(disk_), size_bytes);
}

base::Result<std::uint64_t> SegmentPreparer::take(std::uint64_t size_bytes) {
  if (prepared_.valid()) {
    const auto size = prepared_.get();
    if (size && *size >= size_bytes) return size;
  }
  return make_file(disk_, size_bytes);
}

}  // namespace journal
