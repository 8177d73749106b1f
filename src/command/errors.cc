// The error table as data.
#include "command/errors.h"

#include <array>

namespace command {
namespace {

constexpr std::array kErrors = {
#define TURNSTILE_ERROR_ROW(name, wire, applied, sentence) \
  ErrorInfo{Code::name, wire, applied, sentence},
    TURNSTILE_ERRORS(TURNSTILE_ERROR_ROW)
#undef TURNSTILE_ERROR_ROW
};

}  // namespace

const ErrorInfo& error_info(Code code) { return kErrors[static_cast<std::size_t>(code)]; }

std::optional<Code> find_error(std::string_view wire) {
  for (const ErrorInfo& error : kErrors) {
    if (error.wire == wire) return error.code;
  }
  return std::nullopt;
}

}  // namespace command
