// A timerfd in Asio's loop.
#include "client/engine/boot_timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace turnstile::client {
namespace {

int open_timer() {
  const int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "timerfd_create");
  return fd;
}

}  // namespace

BootTimer::BootTimer(boost::asio::io_context& io, std::function<void()> go_off)
    : descriptor_(io, open_timer()), go_off_(std::move(go_off)) {
  wait();
}

void BootTimer::set(base::Time moment) {
  // Most deadlines only move away; arming for each of them would cost a system call a request.
  if (moment >= armed_) return;
  armed_ = moment;
  itimerspec spec{};
  // All zero would disarm it.
  const auto us = std::max<std::int64_t>(moment.us(), 1);
  spec.it_value.tv_sec = us / 1'000'000;
  spec.it_value.tv_nsec = (us % 1'000'000) * 1'000;
  timerfd_settime(descriptor_.native_handle(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

void BootTimer::stop() { descriptor_.close(); }

void BootTimer::wait() {
  descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [this](const boost::system::error_code& error) {
                           if (error) return;
                           std::uint64_t count = 0;
                           if (::read(descriptor_.native_handle(), &count, sizeof count) > 0) {
                             armed_ = base::Time::never();
                           }
                           go_off_();
                           if (descriptor_.is_open()) wait();
                         });
}

}  // namespace turnstile::client
