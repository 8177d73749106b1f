// Inline requests: a line that a person typed, split into words as Redis does.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace resp {

enum class Split {
  Done,
  TooMany,     ///< more words than allowed
  Unbalanced,  ///< a quote without its partner, or text right behind a closing one
};

/// Splits a line without its end into `words`, which is cleared first; unquotes in place, so the
/// words lie in `line`. Spaces separate words. Within double quotes \n \r \t \b \a \xHH and
/// \<any byte> are escapes, within single quotes only \' is. A NUL is a byte like any other.
Split split_inline(std::span<char> line, std::size_t words_max,
                   std::vector<std::string_view>& words);

}  // namespace resp
