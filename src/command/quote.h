// Names and values of others, made fit for a sentence.
//
// Names are any bytes, and error replies and logs are lines of text: whatever
// came from a client passes through here before a person reads it. What comes
// out is printable ASCII and of bounded length, whatever went in.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace command {

/// How many characters of a value a sentence shows.
inline constexpr std::size_t kQuotedMax = 64;

/// `quoted(bytes)` is the bytes between marks: `"acct/1"`. The mark and the backslash are escaped
/// by a backslash, line breaks and tabs are `\n`, `\r`, `\t`, and other bytes that are not
/// printable ASCII `\xhh`. What does not fit in kQuotedMax characters is cut off between two bytes,
/// and the size follows: `"aaaa..." (513 bytes)`.
///
/// An object rather than a function: beside a function, a std::string would find std::quoted too.
struct Quoted {
  std::string operator()(std::string_view bytes, char mark = '"') const;
};
inline constexpr Quoted quoted;

}  // namespace command
