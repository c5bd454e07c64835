#include "gateway/base/bytes.h"

#include <array>
#include <cstdint>

namespace psl {
namespace {

constexpr char base64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t not_base64 = 0xFF;
constexpr uint8_t white_space = 0xFE;

constexpr std::array<uint8_t, 256> make_decode_table() {
  std::array<uint8_t, 256> table{};
  for (auto& entry : table) entry = not_base64;
  for (uint8_t i = 0; i < 64; ++i) table[static_cast<uint8_t>(base64_alphabet[i])] = i;
  table[static_cast<uint8_t>('-')] = 62;
  table[static_cast<uint8_t>('_')] = 63;
  for (char c : {' ', '\t', '\r', '\n'}) table[static_cast<uint8_t>(c)] = white_space;
  return table;
}

constexpr auto decode_table = make_decode_table();

uint8_t byte_at(std::string_view text, size_t i) { return static_cast<uint8_t>(text[i]); }

// The length of the well-formed UTF-8 sequence at `i`, or 0. RFC 3629 section 4.
size_t sequence_length(std::string_view text, size_t i) {
  const uint8_t lead = byte_at(text, i);
  if (lead < 0x80) return 1;
  size_t length = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;   // no overlong form
    if (lead == 0xED) high = 0x9F;  // no surrogate
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;   // no overlong form
    if (lead == 0xF4) high = 0x8F;  // at most U+10FFFF
  } else {
    return 0;
  }
  if (i + length > text.size()) return 0;
  if (byte_at(text, i + 1) < low || byte_at(text, i + 1) > high) return 0;
  for (size_t k = 2; k < length; ++k) {
    if ((byte_at(text, i + k) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (char c : bytes) {
    out += digits[static_cast<uint8_t>(c) >> 4];
    out += digits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  base64_append(bytes, out);
  return out;
}

void base64_append(std::string_view bytes, std::string& out) {
  // Written by index into its final size: documents of many megabytes pass here.
  const size_t begin = out.size();
  out.resize(begin + (bytes.size() + 2) / 3 * 4, '=');
  char* to = out.data() + begin;
  size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const uint32_t group =
        static_cast<uint32_t>(byte_at(bytes, i) << 16 | byte_at(bytes, i + 1) << 8 | byte_at(bytes, i + 2));
    *to++ = base64_alphabet[group >> 18];
    *to++ = base64_alphabet[group >> 12 & 63];
    *to++ = base64_alphabet[group >> 6 & 63];
    *to++ = base64_alphabet[group & 63];
  }
  const size_t rest = bytes.size() - i;
  if (rest == 0) return;
  const uint32_t group =
      static_cast<uint32_t>(byte_at(bytes, i) << 16 | (rest == 2 ? byte_at(bytes, i + 1) << 8 : 0));
  *to++ = base64_alphabet[group >> 18];
  *to++ = base64_alphabet[group >> 12 & 63];
  if (rest == 2) *to++ = base64_alphabet[group >> 6 & 63];
}

bool base64_decode(std::string_view text, std::string& out) {
  out.resize(text.size() / 4 * 3 + 3);
  char* to = out.data();
  uint32_t group = 0;
  int held = 0;
  size_t padding = 0;
  for (char c : text) {
    const uint8_t value = decode_table[static_cast<uint8_t>(c)];
    if (value == white_space) continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    if (value == not_base64 || padding > 0) return false;
    group = group << 6 | value;
    if (++held == 4) {
      *to++ = static_cast<char>(group >> 16 & 0xFF);
      *to++ = static_cast<char>(group >> 8 & 0xFF);
      *to++ = static_cast<char>(group & 0xFF);
      group = 0;
      held = 0;
    }
  }
  if (held == 1 || padding > 2 || (padding > 0 && held + static_cast<int>(padding) != 4)) return false;
  if (held == 2) *to++ = static_cast<char>(group >> 4 & 0xFF);
  if (held == 3) {
    *to++ = static_cast<char>(group >> 10 & 0xFF);
    *to++ = static_cast<char>(group >> 2 & 0xFF);
  }
  out.resize(static_cast<size_t>(to - out.data()));
  return true;
}

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = sequence_length(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

}  // namespace psl
