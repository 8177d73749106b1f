// Waiting for something of the server, with an ear for signals: whoever waits for hours must be
// able to give up, and must not leave a hold behind that nobody uses.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <variant>

#include "cli/signals.h"

namespace cli {

struct Interrupted {
  int signal = 0;
};

/// How a wait went that did not throw.
struct WaitEnd {
  std::optional<int> signal;  ///< that asked this process to end; nothing if it went as it should
  bool is_over = true;        ///< false: `wait` still runs, since no server answers
};

/// Runs `wait` on a thread of its own; a signal that asks us to end stops it by its token. Throws
/// what `wait` throws, unless it was interrupted. `wait` must own all it uses: it may outlive this
/// call.
WaitEnd run_interruptibly(std::function<void(std::stop_token)> wait, SignalQueue& signals);

/// The same for a `wait` that gets something. What it got although a signal came is destroyed, and
/// thereby given back, before this returns.
template <class T>
std::variant<T, Interrupted> get_interruptibly(std::function<T(std::stop_token)> wait,
                                               SignalQueue& signals) {
  const auto got = std::make_shared<std::optional<T>>();
  const WaitEnd end = run_interruptibly(
      [got, wait = std::move(wait)](std::stop_token stop) { got->emplace(wait(std::move(stop))); },
      signals);
  if (!end.signal) return std::move(**got);
  if (end.is_over) got->reset();
  return Interrupted{*end.signal};
}

}  // namespace cli
