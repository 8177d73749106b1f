// See declaration.h.
#include "declaration.h"

#include "card_steps.h"

namespace payments {
namespace {

constexpr int kThreads = 8;

/// Closed at once, so that the server forgets it when its last task has ended.
void declare_payment(const turnstile::Client& client, const Payment& payment) {
  turnstile::Flow flow = client.flow(flow_of(payment.id));
  for (const DeclaredTask& task : card_tasks()) flow.add(task.name, task.options);
  flow.close();
}

}  // namespace

Declaration::Declaration(const turnstile::Client& client, const std::vector<Payment>& payments)
    : client_(client), payments_(payments) {
  for (int i = 0; i < kThreads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { declare(stop); });
  }
}

void Declaration::declare(std::stop_token stop) {
  try {
    for (std::size_t at; !stop.stop_requested() && (at = next_++) < payments_.size();) {
      declare_payment(client_, payments_[at]);
      ++declared_count_;
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    error_ = std::current_exception();
  }
}

std::int64_t Declaration::declared_count() {
  const std::lock_guard lock(mutex_);
  if (error_) std::rethrow_exception(error_);
  return declared_count_;
}

}  // namespace payments
