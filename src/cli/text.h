// Text of others on a terminal: made harmless, measured, cut to fit.
//
// Names and notes are any bytes. Whatever came from a server or a file passes
// through printable() before it is printed, so that no name can steer a
// terminal; what is valid UTF-8 stays readable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// The text with control characters, bytes that are not UTF-8, and characters that change the
/// direction of writing, as `\n`, `\t`, `\xhh`; a backslash becomes two.
std::string printable(std::string_view text);

/// For sentences and texts of several lines: line breaks, tabs and backslashes stay.
std::string printable_lines(std::string_view text);

/// Between double quotes, with those inside escaped.
std::string in_quotes(std::string_view text);

/// As it is if it consists of letters, digits and `-_./:@{}#+,=` alone, else in_quotes().
std::string in_quotes_if_needed(std::string_view text);

/// Whether the bytes are UTF-8, all of them.
bool is_utf8(std::string_view text);

/// How many columns printable text takes: one for each character of UTF-8. Wide and combining
/// characters are counted as one.
std::size_t columns_of(std::string_view text);

/// The first `columns` columns; what is cut off is shown by a `…` at the end.
std::string shortened(std::string_view text, std::size_t columns);

/// Broken between words into lines of at most so many columns, each but the first behind `indent`
/// blanks. A word that is longer stays whole. 0 columns: one line.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent);

/// "1 lock", "2 locks".
std::string counted(std::uint64_t count, std::string_view one);

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number);

/// The candidate that is nearest to `word`, if it is near enough to be what was meant; else empty.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace cli
