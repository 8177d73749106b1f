// Threads that work side by side, of which one may fail.
#pragma once

#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace bench {

/// Runs `work(n)` in a thread for each n below `count` and waits for all. Rethrows the first thing
/// that one of them threw.
template <class Work>
void run_in_threads(std::size_t count, Work work) {
  std::mutex mutex;
  std::exception_ptr first;
  std::vector<std::jthread> threads;
  for (std::size_t n = 0; n < count; ++n) {
    threads.emplace_back([&, n] {
      try {
        work(n);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!first) first = std::current_exception();
      }
    });
  }
  threads.clear();
  if (first) std::rethrow_exception(first);
}

}  // namespace bench
