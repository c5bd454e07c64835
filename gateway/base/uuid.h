// 128-bit identifiers, written as UUIDs (RFC 4122 section 3).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace psl {

struct Uuid {
  std::array<uint8_t, 16> bytes{};
  friend auto operator<=>(const Uuid&, const Uuid&) = default;

  // "0f0e0d0c-....", lower case.
  std::string text() const;
  // `2.25.<the value as a decimal integer>`: an OID for it (ITU-T X.667). At most 44 characters.
  std::string oid() const;
  // The 16 bytes as a string, as the ledger stores them.
  std::string raw() const;

  static std::optional<Uuid> parse(std::string_view text);
  // From 16 bytes; nothing when there are more or fewer.
  static std::optional<Uuid> from_raw(std::string_view raw);
  // A version 8 UUID (RFC 9562) from the first 16 bytes of a hash; `hash` has at least 16.
  static Uuid from_hash(std::string_view hash);
};

}  // namespace psl
