// The version of this program, as HELLO, INFO and --version say it.
#pragma once

#include <string_view>

namespace server {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace server
