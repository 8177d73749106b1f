// Growth doubles, so that bytes that trickle in are copied a constant number
// of times; the front is closed up only when the room behind is too small.
#include "resp/buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace resp {

std::span<char> Buffer::prepare(std::size_t size) {
  if (empty()) {
    begin_ = end_ = 0;
    // Twice the read, because a parser that waits for the rest of a request
    // doubles the buffer: shrinking below that would reallocate every time.
    if (capacity_ > std::max(kKeptBytesMax, 2 * size)) clear();
  }
  if (capacity_ - end_ < size) make_room(size);
  return {memory_.get() + end_, capacity_ - end_};
}

void Buffer::commit(std::size_t size) {
  CHECK_LE(size, capacity_ - end_);
  end_ += size;
}

void Buffer::consume(std::size_t size) {
  CHECK_LE(size, this->size());
  begin_ += size;
}

void Buffer::clear() {
  memory_.reset();
  capacity_ = begin_ = end_ = 0;
}

void Buffer::trim() {
  if (empty()) clear();
}

void Buffer::make_room(std::size_t size) {
  const std::size_t needed = this->size() + size;
  if (needed > capacity_) return move_to(std::max(needed, 2 * capacity_));
  std::memmove(memory_.get(), data(), this->size());
  end_ = this->size();
  begin_ = 0;
}

void Buffer::move_to(std::size_t new_capacity) {
  auto memory = std::make_unique_for_overwrite<char[]>(new_capacity);
  if (!empty()) std::memcpy(memory.get(), data(), size());
  memory_ = std::move(memory);
  capacity_ = new_capacity;
  end_ = size();
  begin_ = 0;
}

}  // namespace resp
