// Small helpers for texts that are written into documents and mails.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace psl {

// The first `most` characters of a UTF-8 text.
std::string_view first_characters(std::string_view text, size_t most);

// How many characters of a UTF-8 text are seen. A hard space is not, nor what U+2000 to U+203F hold: spaces,
// dashes and dots that say nothing alone.
size_t visible_characters(std::string_view text);

// A section with less to read is taken for an empty one.
inline constexpr size_t section_visible_least = 2;

// The text with its control characters (line ends among them) as spaces, so that it stays one line.
std::string one_line(std::string_view text);

}  // namespace psl
