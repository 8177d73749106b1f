// Gathering a batch.
#include "journal/journal.h"

#include "base/check.h"

namespace journal {

void Batch::add(std::uint64_t index, base::Time cluster_time, base::Time wall_time,
                std::string_view payload) {
  add(index, cluster_time, wall_time, [&](std::string& payloads) { payloads.append(payload); });
}

void Batch::add_item(std::uint64_t index, base::Time cluster_time, base::Time wall_time,
                     std::size_t offset) {
  CHECK_GT(index, last_index());
  items_.push_back({index, cluster_time, wall_time, offset, payloads_.size() - offset});
}

void Batch::clear() {
  items_.clear();
  payloads_.clear();
  mark = {};
  digest = 0;
}

Record Batch::record(std::size_t position) const {
  CHECK_LT(position, items_.size());
  const Item& item = items_[position];
  return {item.index, item.cluster_time, item.wall_time,
          std::string_view(payloads_).substr(item.offset, item.size)};
}

}  // namespace journal
