// Words for errno.
#include "base/result.h"

#include <system_error>

namespace base {

std::unexpected<Error> failure_errno(Fault fault, const std::string& what, int error_number) {
  return failure(fault, what + ": " + std::generic_category().message(error_number));
}

}  // namespace base
