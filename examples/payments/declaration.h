// Declares a flow for each payment, many side by side, while the workers run already.
#pragma once

#include <turnstile/turnstile.h>

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "payment.h"

namespace payments {

class Declaration {
 public:
  /// Starts at once. Both must live as long as this.
  Declaration(const turnstile::Client& client, const std::vector<Payment>& payments);

  /// How many flows are declared so far. Throws what a declaration threw.
  std::int64_t declared_count();

 private:
  void declare(std::stop_token stop);

  const turnstile::Client& client_;
  const std::vector<Payment>& payments_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::int64_t> declared_count_ = 0;
  std::mutex mutex_;
  std::exception_ptr error_;
  std::vector<std::jthread> threads_;  // last: they use all else
};

}  // namespace payments
