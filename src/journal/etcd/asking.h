// Asking etcd again until the answer is certain.
#pragma once

#include <atomic>
#include <utility>

#include "base/result.h"
#include "journal/etcd/client.h"
#include "journal/etcd/outside.h"

namespace journal::etcd {

/// Calls that move little; and those that move pages or pieces.
inline constexpr base::Duration kShortCall = base::Duration::from_ms(500);
inline constexpr base::Duration kLongCall = base::Duration::from_ms(5'000);

base::Error to_error(const Failure& failure);

/// Repeats `call` while its outcome is unknown or the member lags, until `stopped` or the moment
/// given. For reads and for writes that change nothing the second time. A definite no is the
/// answer.
template <class Call>
auto ask_until_certain(const std::atomic<bool>& stopped, Call&& call,
                       base::Time give_up_at = base::Time::never()) -> decltype(call()) {
  for (;;) {
    auto answer = call();
    if (answer) return answer;
    const Trouble trouble = answer.error().trouble;
    if (trouble != Trouble::Unknown && trouble != Trouble::Future) return answer;
    if (stopped || now() >= give_up_at) return answer;
    pause(base::Duration::from_ms(trouble == Trouble::Future ? 2 : 20));
  }
}

}  // namespace journal::etcd
