#include "security/keys.h"

#include <cstdint>
#include <optional>

#include "gateway/base/bytes.h"
#include "security/files.h"

namespace psl {
namespace {

constexpr size_t key_digits = 2 * SecretKey::size_bytes;

std::optional<int> key_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<SecretKey> parse_key(std::string_view text) {
  if (text.size() != key_digits + 1 || text.back() != '\n') return std::nullopt;
  std::string bytes(SecretKey::size_bytes, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    const std::optional<int> high = key_digit(text[2 * i]);
    const std::optional<int> low = key_digit(text[2 * i + 1]);
    if (!high || !low) {
      wipe(bytes);
      return std::nullopt;
    }
    bytes[i] = static_cast<char>(*high << 4 | *low);
  }
  SecretKey key(bytes);
  wipe(bytes);
  return key;
}

}  // namespace

Result<SecretKey> load_key_file(const std::string& path) {
  Result<std::string> text = read_small_file(path, key_digits + 1, Readers::owner_only);
  if (!text) return std::move(text).error();
  std::optional<SecretKey> key = parse_key(*text);
  wipe(*text);
  if (!key) {
    return error_of(ErrorCode::configuration,
                    path + ": is not a key: exactly 64 hexadecimal digits and a line end are expected");
  }
  return std::move(*key);
}

Status new_key_file(const std::string& path) {
  Result<SecretKey> key = random_key();
  if (!key) return std::move(key).error();
  std::string text = to_hex(key->reveal()) + "\n";
  Status written = write_new_file(path, text, Readers::owner_only);
  wipe(text);
  return written;
}

}  // namespace psl
