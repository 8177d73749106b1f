// Saving and loading snapshots.
#include "journal/file/snapshot_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/fault_point.h"

namespace journal {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

SnapshotHeader header_of(const DataId& id, const Snapshot& snapshot) {
  SnapshotHeader header;
  header.data_id = id;
  header.index = snapshot.index;
  header.mark_us = snapshot.mark.us();
  header.digest = snapshot.digest;
  header.payload_bytes = snapshot.payload.size();
  header.payload_sha256 = base::sha256(snapshot.payload);
  header.checksum = checksum_of(header, 0);
  return header;
}

/// Empty if the header is good for a file of this name and size.
std::string_view misfit(const SnapshotHeader& header, const std::optional<DataId>& id,
                        std::uint64_t index, std::uint64_t file_size) {
  if (header.magic != kSnapshotMagic) return "it is no snapshot";
  if (header.checksum != checksum_of(header, 0)) return "the header's checksum is wrong";
  if (header.version != kFormatVersion) return "it has a format that this program does not know";
  if (id && header.data_id != *id) return "it is of another data directory";
  if (header.index != index || index > kIndexMax) return "its index is not that of its name";
  if (header.payload_bytes != file_size - sizeof(header)) return "its size is wrong";
  return {};
}

}  // namespace

base::Result<void> write_in_pieces(File& file, std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kPieceBytes);
    if (auto written = file.write(offset, piece); !written) return written;
    bytes.remove_prefix(piece.size());
    offset += piece.size();
  }
  return {};
}

base::Result<void> remove_leftover(Disk& disk, const std::string& name) {
  const auto names = disk.list();
  if (!names) return std::unexpected(names.error());
  if (!std::ranges::binary_search(*names, name)) return {};
  return disk.remove(name);
}

base::Result<void> save_snapshot(Disk& disk, const DataId& id, const Snapshot& snapshot) {
  CHECK_LE(snapshot.index, kIndexMax);
  const SnapshotHeader header = header_of(id, snapshot);
  if (auto removed = remove_leftover(disk, kNextSnapshotName); !removed) return removed;
  const auto file = disk.create(kNextSnapshotName);
  if (!file) return std::unexpected(file.error());
  FAULT_POINT("snapshot.before_header");
  if (auto written = (*file)->write(0, bytes_of(header)); !written) return written;
  FAULT_POINT("snapshot.after_header");
  if (auto written = write_in_pieces(**file, sizeof(header), snapshot.payload); !written) {
    return written;
  }
  FAULT_POINT("snapshot.after_payload");
  if (auto named = disk.rename(kNextSnapshotName, snapshot_name(snapshot.index)); !named) {
    return named;
  }
  FAULT_POINT("snapshot.after_name");
  auto synced = disk.sync_directory();
  FAULT_POINT("snapshot.after_directory_sync");
  return synced;
}

base::Result<Snapshot> load_snapshot(Disk& disk, const std::optional<DataId>& id,
                                     std::uint64_t index) {
  const std::string name = snapshot_name(index);
  const auto corrupt = [&](std::string_view what) {
    return base::failure(base::Fault::Corrupt,
                         fmt::format("the snapshot {}/{} is damaged: {}", disk.path(), name, what));
  };
  const auto file = disk.open(name, Access::Read);
  if (!file) return std::unexpected(file.error());
  const auto size = (*file)->size();
  if (!size) return std::unexpected(size.error());
  std::string bytes(sizeof(SnapshotHeader), '\0');
  const auto got = (*file)->read(0, bytes);
  if (!got) return std::unexpected(got.error());
  if (*got < bytes.size()) return corrupt("the file is shorter than its header");
  const auto header = value_at<SnapshotHeader>(bytes);
  if (const auto what = misfit(header, id, index, *size); !what.empty()) return corrupt(what);

  Snapshot snapshot{header.index, base::Time::from_us(header.mark_us), header.digest, {}};
  snapshot.payload.resize(header.payload_bytes);
  const auto read = (*file)->read(sizeof(header), snapshot.payload);
  if (!read) return std::unexpected(read.error());
  if (*read != snapshot.payload.size() || base::sha256(snapshot.payload) != header.payload_sha256) {
    return corrupt("its SHA-256 is wrong");
  }
  return snapshot;
}

base::Result<std::uint64_t> snapshot_size(Disk& disk, std::uint64_t index) {
  const auto file = disk.open(snapshot_name(index), Access::Read);
  if (!file) return std::unexpected(file.error());
  return (*file)->size();
}

}  // namespace journal
