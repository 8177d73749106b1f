// Events by eventfd.
#include "cli/file_descriptor.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>

namespace cli {

Event::Event() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!fd_.is_open()) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Event::set() noexcept { ::eventfd_write(fd_.get(), 1); }

}  // namespace cli
