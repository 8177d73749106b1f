// What the standard output can show: how wide it is, and whether in colours.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cli {

enum class Style { Plain, Heading, Free, Held, Waiting, Warning };

/// Where text for people goes to. Plain values, so that a test can say what it likes.
struct Terminal {
  std::size_t width = 0;  ///< columns; 0: as many as it takes
  bool has_colours = false;

  /// The text in that style, if there are colours.
  std::string styled(std::string_view text, Style style) const;
};

/// The standard output. A file or a pipe has no width and no colours; a terminal has colours
/// unless NO_COLOR is set or TERM is "dumb".
Terminal standard_output();

}  // namespace cli
