// Names of keys, and the bytes behind them.
#include "journal/etcd/layout.h"

#include <fmt/format.h>

#include <charconv>

#include "base/bytes.h"
#include "base/check.h"

namespace journal::etcd {
namespace {

using base::Fault;

constexpr std::size_t kDigits = 20;
constexpr std::uint32_t kFormat = 1;

std::string padded(std::uint64_t number) { return fmt::format("{:020}", number); }

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && text.size() == kDigits ? std::optional(number) : std::nullopt;
}

std::unexpected<base::Error> corrupt(const std::string& key, const std::string& why) {
  return base::failure(Fault::Corrupt, fmt::format("etcd key {}: {}", key, why));
}

template <class Archive, std::size_t N>
void put_bytes(Archive& archive, std::array<std::uint8_t, N>& bytes) {
  for (std::uint8_t& byte : bytes) archive(byte);
}

template <class Archive>
void fields(Archive& archive, BatchHead& head) {
  archive(head.format, head.sequence, head.epoch);
  put_bytes(archive, head.id);
  put_bytes(archive, head.chain);
  archive(head.mark, head.digest);
}

template <class Archive>
void fields(Archive& archive, Manifest& manifest) {
  archive(manifest.format, manifest.pieces, manifest.bytes);
  put_bytes(archive, manifest.sha256);
  LogPosition& at = manifest.position;
  archive(manifest.index, at.sequence, at.last_index, at.mark, at.digest);
  put_bytes(archive, at.chain);
}

/// Appends the checksum that take_checked() looks for.
void seal(std::string& bytes) {
  const std::uint64_t checksum = base::hash64(bytes);
  base::ByteWriter writer(bytes);
  writer(checksum);
}

/// The bytes without their checksum; nothing if it is wrong.
std::optional<std::string_view> take_sealed(std::string_view bytes) {
  if (bytes.size() < sizeof(std::uint64_t)) return std::nullopt;
  const std::string_view content = bytes.substr(0, bytes.size() - sizeof(std::uint64_t));
  std::uint64_t checksum = 0;
  base::ByteReader(bytes.substr(content.size())).get(checksum);
  return checksum == base::hash64(content) ? std::optional(content) : std::nullopt;
}

}  // namespace

std::string Layout::batch(std::uint64_t sequence) const {
  return root_ + "log/" + padded(sequence);
}

std::string Layout::snapshot(std::uint64_t sequence) const {
  return snapshots() + padded(sequence) + "/";
}

std::string Layout::snapshot_end(std::uint64_t sequence) const {
  return snapshots() + padded(sequence) + "0";
}

std::string Layout::piece(std::uint64_t sequence, std::uint32_t number) const {
  return snapshot(sequence) + fmt::format("{:05}", number);
}

std::optional<std::uint64_t> Layout::batch_of(std::string_view key) const {
  const std::string start = root_ + "log/";
  if (!key.starts_with(start)) return std::nullopt;
  return read_number(key.substr(start.size()));
}

std::optional<std::string> Layout::member_of(std::string_view key) const {
  const std::string start = root_ + "member/";
  if (!key.starts_with(start)) return std::nullopt;
  return std::string(key.substr(start.size()));
}

std::optional<std::uint64_t> Layout::snapshot_of(std::string_view key) const {
  if (!key.starts_with(snapshots())) return std::nullopt;
  return read_number(key.substr(snapshots().size(), kDigits));
}

std::optional<std::uint64_t> Layout::manifest_of(std::string_view key) const {
  const auto sequence = snapshot_of(key);
  return sequence && key == manifest(*sequence) ? sequence : std::nullopt;
}

std::string to_hex(const Id& id) {
  std::string text;
  for (const std::uint8_t byte : id) text += fmt::format("{:02x}", byte);
  return text;
}

std::string encode(const BatchHead& head, const Batch& batch) {
  std::string bytes;
  base::ByteWriter out(bytes);
  BatchHead copy = head;
  fields(out, copy);
  out(static_cast<std::uint32_t>(batch.count()));
  for (std::size_t n = 0; n < batch.count(); ++n) {
    const Record record = batch.record(n);
    out(record.index, record.cluster_time, record.wall_time, record.payload);
  }
  seal(bytes);
  return bytes;
}

base::Result<void> replay_batch(const std::string& key, std::string_view bytes,
                                LogPosition& position, Consumer& consumer) {
  const auto content = take_sealed(bytes);
  if (!content) return corrupt(key, "its checksum is wrong");
  base::ByteReader in(*content);
  BatchHead head;
  fields(in, head);
  if (!in.ok()) return corrupt(key, "it is cut short");
  if (head.format != kFormat) {
    return base::failure(Fault::Config, fmt::format("etcd key {} has format {}, this program knows "
                                                    "{}; run a newer turnstile",
                                                    key, head.format, kFormat));
  }
  if (head.sequence != position.sequence + 1) {
    return corrupt(key, fmt::format("it holds batch {} where {} belongs", head.sequence,
                                    position.sequence + 1));
  }
  if (head.chain != position.chain) {
    return corrupt(key,
                   "it does not follow the batch before it: the history was changed, or etcd "
                   "was restored from a backup");
  }
  std::uint32_t count = 0;
  in.get(count);
  for (std::uint32_t n = 0; n < count; ++n) {
    Record record;
    in(record.index, record.cluster_time, record.wall_time, record.payload);
    if (!in.ok()) return corrupt(key, "it is cut short");
    if (auto replayed = consumer.replay(record); !replayed) return replayed;
    position.last_index = record.index;
  }
  if (!in.ok() || !in.at_end()) return corrupt(key, "it is longer or shorter than it says");
  position.sequence = head.sequence;
  position.mark = head.mark;
  position.digest = head.digest;
  position.chain = base::sha256(bytes);
  return consumer.batch_end(position.last_index, head.mark, head.digest);
}

std::string encode(const Manifest& manifest) {
  std::string bytes;
  base::ByteWriter out(bytes);
  Manifest copy = manifest;
  fields(out, copy);
  seal(bytes);
  return bytes;
}

base::Result<Manifest> decode_manifest(const std::string& key, std::string_view bytes) {
  const auto content = take_sealed(bytes);
  if (!content) return corrupt(key, "its checksum is wrong");
  base::ByteReader in(*content);
  Manifest manifest;
  fields(in, manifest);
  if (!in.ok() || !in.at_end()) return corrupt(key, "it is longer or shorter than it should be");
  if (manifest.format != kFormat) {
    return base::failure(Fault::Config, fmt::format("etcd key {} has format {}, this program knows "
                                                    "{}; run a newer turnstile",
                                                    key, manifest.format, kFormat));
  }
  return manifest;
}

}  // namespace journal::etcd
