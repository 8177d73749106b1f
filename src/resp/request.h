// A request as bytes: the form that every client sends and Parser reads.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace resp {

/// Appends `args`, the command's name and its arguments, as an array of bulk strings.
void append_request(std::string& out, std::span<const std::string_view> args);

/// The same as a string of its own.
std::string encode_request(std::span<const std::string_view> args);

}  // namespace resp
