// JSON as this program prints it. Included by the few files that build it: the
// library behind it is large.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace cli {

/// Keeps the order in which the fields were given.
using Json = nlohmann::ordered_json;

/// On one line. JSON is UTF-8: bytes of a name that are not become U+FFFD.
inline std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The same on several lines, indented by 2.
inline std::string to_lines(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace cli
