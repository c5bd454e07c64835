// Shared, immutable bytes: documents are read by several threads and copied by none.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace psl {

// Never null once made by make_bytes(); a default-constructed one means "absent".
using Bytes = std::shared_ptr<const std::string>;

inline Bytes make_bytes(std::string content) {
  return std::make_shared<const std::string>(std::move(content));
}

inline std::string_view view(const Bytes& bytes) {
  return bytes ? std::string_view(*bytes) : std::string_view();
}

// Lower-case hexadecimal.
std::string to_hex(std::string_view bytes);

// Base64 of RFC 4648 section 4, without line breaks.
std::string base64_encode(std::string_view bytes);
// The same at the end of `out`, without a copy between.
void base64_append(std::string_view bytes, std::string& out);
// Accepts the standard and the URL alphabets, padding or none, and white space between characters. False: not
// base64.
bool base64_decode(std::string_view text, std::string& out);

// True when `text` is well-formed UTF-8 (RFC 3629: no surrogate, no overlong form, at most U+10FFFF).
bool is_utf8(std::string_view text);

}  // namespace psl
