// A timer that goes off at a moment of CLOCK_BOOTTIME. Asio's own timers run on
// CLOCK_MONOTONIC, which stands still while the machine is suspended; a deadline
// that passed in between must be acted on at the very moment of waking up.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>

#include "base/time.h"

namespace turnstile::client {

/// Calls a function at or after a moment, which may be moved. Not thread-safe.
class BootTimer {
 public:
  /// Throws std::system_error if the system has no descriptor left.
  BootTimer(boost::asio::io_context& io, std::function<void()> go_off);

  /// Goes off at that moment, at once if it has passed. May go off earlier, too.
  void set(base::Time moment);

  /// Goes off no more.
  void stop();

 private:
  void wait();

  boost::asio::posix::stream_descriptor descriptor_;
  std::function<void()> go_off_;
  base::Time armed_ = base::Time::never();
};

}  // namespace turnstile::client
