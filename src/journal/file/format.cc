// Checksums, names and masks of the stored forms.
#include "journal/file/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace journal {
namespace {

std::optional<std::uint64_t> parse_name(std::string_view name, std::string_view prefix,
                                        std::string_view suffix) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return {};
  name.remove_prefix(prefix.size());
  if (name.size() < suffix.size()) return {};
  name.remove_suffix(suffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return {};
  return number;
}

}  // namespace

std::uint64_t seed_of(const DataId& id) {
  return base::hash64(std::string_view(reinterpret_cast<const char*>(id.data()), id.size()));
}

std::uint32_t header_checksum_of(const RecordHeader& header, std::uint64_t batch_seed) {
  constexpr std::size_t kCovered = offsetof(RecordHeader, header_checksum);
  static_assert(kCovered == 28);
  return static_cast<std::uint32_t>(base::hash64(bytes_of(header).substr(0, kCovered), batch_seed));
}

bool is_filled_with(std::string_view bytes, std::uint64_t word) {
  CHECK_EQ(bytes.size() % sizeof(word), 0U);
  if (bytes.empty()) return true;
  if (value_at<std::uint64_t>(bytes) != word) return false;
  // Each word equals the one before it, and the first is the right one.
  return std::memcmp(bytes.data(), bytes.data() + sizeof(word), bytes.size() - sizeof(word)) == 0;
}

bool is_all_zero(std::string_view bytes) {
  if (bytes.empty()) return true;
  return bytes.front() == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

void apply_mask(char* bytes, std::size_t size, std::uint64_t mask) {
  CHECK_EQ(size % sizeof(mask), 0U);
  if (mask == 0) return;
  for (std::size_t offset = 0; offset < size; offset += sizeof(mask)) {
    std::uint64_t word;
    std::memcpy(&word, bytes + offset, sizeof(word));
    word ^= mask;
    std::memcpy(bytes + offset, &word, sizeof(word));
  }
}

std::string segment_name(std::uint64_t number) { return fmt::format("segment-{:012}.log", number); }

std::string snapshot_name(std::uint64_t index) {
  return fmt::format("snapshot-{:016}.snap", index);
}

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
  const auto number = parse_name(name, "segment-", ".log");
  return number && segment_name(*number) == name ? number : std::nullopt;
}

std::optional<std::uint64_t> parse_snapshot_name(std::string_view name) {
  const auto index = parse_name(name, "snapshot-", ".snap");
  return index && snapshot_name(*index) == name ? index : std::nullopt;
}

}  // namespace journal
