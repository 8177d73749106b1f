// Replaces the operators of the whole test program; malloc stays the system's, or
// the sanitizer's.
#include "journal/test_allocations.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

thread_local std::int64_t in_use = 0;
thread_local std::int64_t peak = 0;

void* allocate(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  in_use += static_cast<std::int64_t>(::malloc_usable_size(memory));
  peak = std::max(peak, in_use);
  return memory;
}

void release(void* memory) {
  if (memory == nullptr) return;
  in_use -= static_cast<std::int64_t>(::malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }

namespace journal::testing {

AllocationWatch::AllocationWatch() : before_(in_use) { peak = in_use; }

std::uint64_t AllocationWatch::peak_bytes() const {
  return static_cast<std::uint64_t>(peak - before_);
}

}  // namespace journal::testing
