// Little-endian encoding of integers and strings, for everything that is
// stored: journal records, entries, snapshots.
//
// One description serves both directions: a struct lists its fields once, in
//
//     template <class Archive> void fields(Archive& archive, Grant& grant) {
//       archive(grant.token, grant.note);
//     }
//
// found by argument-dependent lookup, and ByteEncoder and ByteReader are the
// archives. What is written twice cannot drift apart when it is written once.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/text.h"
#include "base/time.h"

namespace base {

/// A vector of any kind.
template <class S>
concept Sequence = requires(S& items) {
  typename S::value_type;
  items.clear();
  items.emplace_back();
  items.size();
};

/// Gives the bytes of values to a sink, in their order.
template <class Sink>
class ByteEncoder {
 public:
  explicit ByteEncoder(Sink& sink) : sink_(sink) {}

  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }

 private:
  template <class T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  void put(T value) {
    static_assert(sizeof(T) <= 8);
    sink_.take(&value, sizeof(T));  // little-endian hosts only, see below
  }
  void put(Duration d) { put(d.us()); }
  void put(Time t) { put(t.us()); }
  void put(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    if (!text.empty()) sink_.take(text.data(), text.size());
  }
  void put(const std::string& text) { put(std::string_view(text)); }
  void put(const Text& text) { put(text.view()); }
  template <Sequence S>
  void put(const S& items) {
    put(static_cast<std::uint32_t>(items.size()));
    for (const auto& item : items) put(item);
  }
  template <class T>
  void put(const std::optional<T>& item) {
    put(item.has_value());
    if (item) put(*item);
  }
  template <class T>
    requires std::is_class_v<T> &&
             requires(ByteEncoder& encoder, T& value) { fields(encoder, value); }
  void put(const T& value) {
    fields(*this, const_cast<T&>(value));  // an encoder only reads
  }

  Sink& sink_;
};

/// Appends values to a string it does not own. What one call is given costs one growth.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  template <class... T>
  void operator()(const T&... values) {
    Counter counter;
    ByteEncoder<Counter> count(counter);
    count(values...);
    const std::size_t before = out_.size();
    const std::size_t after = before + counter.bytes;
    // The size is not the function's argument, which in GCC 12 is the capacity if that had to grow.
    out_.resize_and_overwrite(after, [&](char* bytes, std::size_t) {
      Placer placer{bytes + before};
      ByteEncoder<Placer> place(placer);
      place(values...);
      return after;
    });
  }

 private:
  struct Counter {
    std::size_t bytes = 0;
    [[gnu::always_inline]] void take(const void*, std::size_t size) { bytes += size; }
  };
  struct Placer {
    char* at;
    [[gnu::always_inline]] void take(const void* bytes, std::size_t size) {
      std::memcpy(at, bytes, size);
      at += size;
    }
  };

  std::string& out_;
};

/// Reads what ByteWriter wrote. Bytes from a disk are never trusted: reading
/// past the end, or a count that the remaining bytes cannot hold, yields zeros
/// and makes `ok()` false; nothing is allocated by a declared length alone.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  /// False once anything could not be read; the values read so far are worthless then.
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }
  /// For a value that was read whole and makes no sense.
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }

  template <class T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  void get(T& value) {
    value = T{};
    if constexpr (std::is_same_v<T, bool>) {
      std::uint8_t byte = 0;
      get(byte);
      if (byte > 1) fail();
      value = byte == 1;
    } else {
      if (rest_.size() < sizeof(T)) return fail();
      std::memcpy(&value, rest_.data(), sizeof(T));
      rest_.remove_prefix(sizeof(T));
    }
  }
  void get(Duration& d) {
    std::int64_t us = 0;
    get(us);
    d = Duration::from_us(us);
  }
  void get(Time& t) {
    std::int64_t us = 0;
    get(us);
    t = Time::from_us(us);
  }
  void get(std::string_view& text) {
    std::uint32_t size = 0;
    get(size);
    if (size > rest_.size()) fail();
    text = ok_ ? rest_.substr(0, size) : std::string_view();
    rest_.remove_prefix(text.size());
  }
  void get(std::string& text) {
    std::string_view view;
    get(view);
    text.assign(view);
  }
  void get(Text& text) {
    std::string_view view;
    get(view);
    text = view;
  }
  template <Sequence S>
  void get(S& items) {
    std::uint32_t count = 0;
    get(count);
    if (count > rest_.size()) fail();  // every item takes at least a byte
    items.clear();
    for (std::uint32_t i = 0; ok_ && i < count; ++i) get(items.emplace_back());
  }
  template <class T>
  void get(std::optional<T>& item) {
    bool present = false;
    get(present);
    item.reset();
    if (present) get(item.emplace());
  }
  template <class T>
    requires std::is_class_v<T> && requires(ByteReader& reader, T& value) { fields(reader, value); }
  void get(T& value) {
    fields(*this, value);
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "stored integers are little-endian");

}  // namespace base
