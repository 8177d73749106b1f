// The bytes that came from a socket and are not parsed yet.
//
// A socket reads straight into the free room at the end and a parser takes
// bytes away at the front, so that a request that lies whole in the buffer is
// never copied. Memory grows only with bytes that are really there, never by a
// length that somebody declared, and shrinks back when a big message is gone.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace resp {

/// A growing queue of bytes. Not thread-safe. Views and pointers into it are
/// valid until the next prepare(), clear() or trim().
class Buffer {
 public:
  /// What an empty buffer may keep although no read asked for it.
  static constexpr std::size_t kKeptBytesMax = 32 * 1024;

  /// Returns all free room behind the buffered bytes, at least `size` bytes of
  /// it. What is written there counts after commit().
  std::span<char> prepare(std::size_t size);

  /// Adds the first `size` bytes of the room that prepare() gave.
  void commit(std::size_t size);

  /// Takes `size` buffered bytes away at the front. Moves nothing.
  void consume(std::size_t size);

  /// Forgets the bytes and gives all memory back.
  void clear();

  /// Gives all memory back if nothing is buffered: for a connection that falls idle.
  void trim();

  char* data() { return memory_.get() + begin_; }
  std::string_view view() const { return {memory_.get() + begin_, size()}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  /// Bytes of memory held, used or not.
  std::size_t capacity() const { return capacity_; }

 private:
  void make_room(std::size_t size);
  void move_to(std::size_t new_capacity);

  std::unique_ptr<char[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace resp
