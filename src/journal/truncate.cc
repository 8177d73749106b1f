// Cutting a journal short: first everything is looked at and reported; only
// then, and only if told twice, is anything moved. What is cut stays in copies.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/check.h"
#include "journal/file/snapshot_file.h"
#include "journal/inspect.h"

namespace journal {
namespace {

constexpr std::string_view kCopyPrefix = "cut-";
constexpr std::string_view kCopySuffix = ".bak";

/// Where the log shall end.
struct Place {
  SegmentHeader segment;
  std::uint64_t offset = kSectorSize;
  ChainEnd end;
};

/// What the look at the directory brought.
struct Plan {
  Inventory inventory;
  SegmentHeader first;
  Place place;
  std::uint64_t greatest_index = 0;  ///< that was ever seen here
  TruncateReport report;
};

class IgnoringConsumer : public Consumer {
  base::Result<void> restore(const Snapshot&) override { return {}; }
  base::Result<void> replay(const Record&) override { return {}; }
  base::Result<void> batch_end(std::uint64_t, base::Time, std::uint64_t) override { return {}; }
};

std::unexpected<base::Error> unusable(std::string message) {
  return base::failure(base::Fault::Usage, std::move(message));
}

base::Result<std::string> read_all(Disk& disk, const std::string& name) {
  const auto file = disk.open(name, Access::Read);
  if (!file) return std::unexpected(file.error());
  const auto size = (*file)->size();
  if (!size) return std::unexpected(size.error());
  if (*size > kSegmentBytesMax) {
    return base::failure(base::Fault::Corrupt, name + " is too large for a segment");
  }
  std::string bytes(*size, '\0');
  const auto got = (*file)->read(0, bytes);
  if (!got) return std::unexpected(got.error());
  bytes.resize(*got);
  return bytes;
}

base::Result<void> look_at_batch(const LogReader& reader, std::uint64_t last_index, Plan& plan) {
  const BatchView& batch = reader.batch();
  plan.greatest_index = std::max(plan.greatest_index, batch.end_index());
  if (batch.end_index() <= last_index) {
    plan.place = {reader.segment(), reader.offset(), reader.end()};
    return {};
  }
  if (batch.header.first_index <= last_index && !batch.records.empty()) {
    return unusable(fmt::format(
        "index {} is inside a batch, which is kept or cut whole: truncate to {} or to {}",
        last_index, batch.header.first_index - 1, batch.end_index()));
  }
  ++plan.report.lost_batches;
  plan.report.lost_entries += batch.records.size();
  return {};
}

/// Finds the place of the cut, and counts what is behind it.
base::Result<void> look_at_log(Disk& disk, std::uint64_t last_index, Plan& plan) {
  LogReader reader(disk);
  if (auto opened = reader.open(plan.inventory.segments, LastSegment::Open, {}); !opened) {
    return opened;
  }
  if (reader.headers().empty()) {
    if (reader.is_damaged()) return std::unexpected(to_error(reader.damage(), disk.path()));
    return unusable("there is no journal in " + disk.path());
  }
  const SegmentHeader& first = plan.first = reader.headers().front();
  plan.place = {first, kSectorSize, {first.first_sequence, first.first_index, first.chain}};
  if (last_index + 1 < first.first_index) {
    return unusable(
        fmt::format("the log begins with index {}, behind {}", first.first_index, last_index));
  }
  for (;;) {
    const auto found = reader.next();
    if (!found) return std::unexpected(found.error());
    if (*found == Found::Damaged) {
      if (plan.report.lost_batches == 0 && plan.place.end.index <= last_index) {
        return unusable(fmt::format("{}; the last index that can be kept is {}",
                                    to_error(reader.damage(), disk.path()).message,
                                    plan.place.end.index - 1));
      }
      plan.report.damage = to_error(reader.damage(), disk.path()).message;
    }
    if (*found != Found::Batch) break;
    if (auto looked = look_at_batch(reader, last_index, plan); !looked) return looked;
  }
  plan.report.kept_index = plan.place.end.index - 1;
  return {};
}

/// An index that was reached when this sector was written, or 0 if it is no header.
std::uint64_t index_seen_in(std::string_view sector, std::uint64_t seed) {
  const auto batch = value_at<BatchHeader>(sector);
  if (batch.magic == kBatchMagic && batch.checksum == checksum_of(batch, seed)) {
    return batch.first_index + batch.count;
  }
  const auto segment = value_at<SegmentHeader>(sector);
  if (segment.magic == kSegmentMagic && segment.checksum == checksum_of(segment, 0)) {
    return segment.first_index;
  }
  return 0;
}

/// Looks at each sector by itself, since what is there may be damaged.
base::Result<void> look_at_sectors(Disk& disk, const std::string& name, std::uint64_t from,
                                   Plan& plan) {
  const std::uint64_t seed = seed_of(plan.first.data_id);
  const auto bytes = read_all(disk, name);
  if (!bytes) return std::unexpected(bytes.error());
  for (std::uint64_t at = from; at + kSectorSize <= bytes->size(); at += kSectorSize) {
    const std::string_view sector = std::string_view(*bytes).substr(at, kSectorSize);
    if (!is_all_zero(sector)) plan.report.lost_bytes += kSectorSize;
    plan.greatest_index = std::max(plan.greatest_index, index_seen_in(sector, seed));
  }
  return {};
}

base::Result<void> look_behind(Disk& disk, Plan& plan) {
  for (const std::uint64_t number : plan.inventory.segments) {
    if (number < plan.place.segment.number) continue;
    const std::uint64_t from = number == plan.place.segment.number ? plan.place.offset : 0;
    if (auto looked = look_at_sectors(disk, segment_name(number), from, plan); !looked) {
      return looked;
    }
  }
  return {};
}

/// What earlier cuts moved away was seen by somebody, too: a cut that broke off leaves no other
/// trace of it.
base::Result<void> look_at_copies(Disk& disk, Plan& plan) {
  const auto names = disk.list();
  if (!names) return std::unexpected(names.error());
  const std::uint64_t lost_bytes = plan.report.lost_bytes;
  for (const std::string& name : *names) {
    const bool is_copy = name.starts_with(kCopyPrefix) && name.ends_with(kCopySuffix);
    if (!is_copy || name.find("segment-") == std::string::npos) continue;
    if (auto looked = look_at_sectors(disk, name, 0, plan); !looked) return looked;
  }
  plan.report.lost_bytes = lost_bytes;
  return {};
}

/// Which snapshots go, and whether those that stay can carry the log.
base::Result<void> look_at_snapshots(Disk& disk, Plan& plan) {
  const SegmentHeader& first = plan.first;
  bool has_base = first.first_sequence == 1;
  for (const std::uint64_t index : plan.inventory.snapshots) {
    plan.greatest_index = std::max(plan.greatest_index, index);
    if (index > plan.report.kept_index) {
      plan.report.lost_snapshots.push_back(snapshot_name(index));
    } else if (index + 1 >= first.first_index && load_snapshot(disk, first.data_id, index)) {
      has_base = true;
    }
  }
  if (has_base) return {};
  return unusable(fmt::format(
      "the log begins with index {}, and no good snapshot between that and {} can carry it",
      first.first_index, plan.report.kept_index));
}

base::Result<Plan> make_plan(Disk& disk, std::uint64_t last_index) {
  Plan plan;
  const auto inventory = take_inventory(disk);
  if (!inventory) return std::unexpected(inventory.error());
  plan.inventory = *inventory;
  if (auto looked = look_at_log(disk, last_index, plan); !looked) {
    return std::unexpected(looked.error());
  }
  if (auto looked = look_behind(disk, plan); !looked) return std::unexpected(looked.error());
  if (auto looked = look_at_copies(disk, plan); !looked) return std::unexpected(looked.error());
  if (auto looked = look_at_snapshots(disk, plan); !looked) return std::unexpected(looked.error());
  plan.greatest_index = std::max(plan.greatest_index, plan.report.kept_index);
  plan.report.next_index = plan.greatest_index + kIndexJump;
  if (plan.report.next_index > kIndexMax) {
    return unusable("the indexes are used up: there is no room for another jump");
  }
  return plan;
}

/// `cut-TIME-`, or `cut-TIME.N-` if that is taken.
base::Result<std::string> choose_prefix(Disk& disk, base::Time wall_time) {
  const auto names = disk.list();
  if (!names) return std::unexpected(names.error());
  const auto seconds = static_cast<std::time_t>(wall_time.us() / 1'000'000);
  const std::string stem = fmt::format("{}{:%Y%m%dT%H%M%SZ}", kCopyPrefix, fmt::gmtime(seconds));
  std::string prefix = stem + "-";
  const auto is_taken = [&](const std::string& name) { return name.starts_with(prefix); };
  for (int n = 2; std::ranges::any_of(*names, is_taken); ++n) {
    prefix = fmt::format("{}.{}-", stem, n);
  }
  return prefix;
}

class Cutter {
 public:
  Cutter(Disk& disk, std::string prefix, TruncateReport& report)
      : disk_(disk), prefix_(std::move(prefix)), report_(report) {}

  /// The newest file goes first, so that what is left is always a log and perhaps too long.
  base::Result<void> cut(const Plan& plan) {
    if (plan.report.lost_bytes > 0) {
      if (auto copied = copy(segment_name(plan.place.segment.number)); !copied) return copied;
    }
    for (const std::string& name : plan.report.lost_snapshots) {
      if (auto moved = move(name); !moved) return moved;
    }
    for (auto at = plan.inventory.segments.rbegin();
         at != plan.inventory.segments.rend() && *at > plan.place.segment.number; ++at) {
      if (auto moved = move(segment_name(*at)); !moved) return moved;
    }
    return zero_behind(plan.place);
  }

 private:
  std::string copy_name(const std::string& name) {
    report_.copies.push_back(fmt::format("{}{}{}", prefix_, name, kCopySuffix));
    return report_.copies.back();
  }

  base::Result<void> move(const std::string& name) {
    if (auto moved = disk_.rename(name, copy_name(name)); !moved) return moved;
    return disk_.sync_directory();
  }

  base::Result<void> copy(const std::string& name) {
    const auto bytes = read_all(disk_, name);
    if (!bytes) return std::unexpected(bytes.error());
    const auto file = disk_.create(copy_name(name));
    if (!file) return std::unexpected(file.error());
    if (auto written = write_in_pieces(**file, 0, *bytes); !written) return written;
    return disk_.sync_directory();
  }

  base::Result<void> zero_behind(const Place& place) {
    const auto file = disk_.open(segment_name(place.segment.number), Access::ReadWrite);
    if (!file) return std::unexpected(file.error());
    return write_in_pieces(**file, place.offset,
                           std::string(place.segment.size_bytes - place.offset, '\0'));
  }

  Disk& disk_;
  std::string prefix_;
  TruncateReport& report_;
};

}  // namespace

base::Result<TruncateReport> truncate(std::unique_ptr<Disk> disk, const TruncateRequest& request,
                                      const FileJournalOptions& options) {
  if (auto locked = disk->lock(); !locked) return std::unexpected(locked.error());
  auto plan = make_plan(*disk, request.last_index);
  if (!plan) return std::unexpected(plan.error());
  TruncateReport report = plan->report;
  if (!request.confirmed) return report;

  auto prefix = choose_prefix(*disk, request.wall_time);
  if (!prefix) return std::unexpected(prefix.error());
  if (auto cut = Cutter(*disk, std::move(*prefix), report).cut(*plan); !cut) {
    return std::unexpected(cut.error());
  }
  IgnoringConsumer nobody;
  FileJournalOptions quiet = options;
  quiet.prepare_in_background = false;
  auto opened = FileJournal::open(std::move(disk), quiet, nobody);
  if (!opened) return std::unexpected(opened.error());
  if (auto jumped = opened->journal->jump(report.next_index); !jumped) {
    return std::unexpected(jumped.error());
  }
  report.done = true;
  return report;
}

}  // namespace journal
