#include "adapters/formats/text.h"

#include <cstdint>

namespace psl {

std::string_view first_characters(std::string_view text, size_t most) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    const bool begins_one = (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80;
    if (begins_one && ++count > most) return text.substr(0, at);
  }
  return text;
}

size_t visible_characters(std::string_view text) {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte <= ' ' || (byte & 0xC0U) == 0x80) continue;
    const bool nothing = text.substr(i, 2) == "\xC2\xA0" || text.substr(i, 2) == "\xE2\x80";
    count += nothing ? 0 : 1;
  }
  return count;
}

std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return line;
}

}  // namespace psl
