// Small helpers for texts that are written into documents and mails.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace psl {

// The first `most` characters of a UTF-8 text.
std::string_view first_characters(std::string_view text, size_t most);

// The text with its control characters (line ends among them) as spaces, so that it stays one line.
std::string one_line(std::string_view text);

}  // namespace psl
