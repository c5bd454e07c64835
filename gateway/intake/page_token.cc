#include "gateway/intake/page_token.h"

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/base/hash.h"

namespace psl {
namespace {

// Version and position, then so much of the MAC.
constexpr char token_version = 1;
constexpr size_t position_bytes = 9;
constexpr size_t binding_bytes = 16;

std::string position_of(int64_t next) {
  std::string out(1, token_version);
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(next >> shift & 0xFF);
  return out;
}

}  // namespace

Result<std::string> PageToken::binding(std::string_view position) const {
  // The schema has no map and unknown fields are refused, so that protobuf writes a filter in one way only.
  auto mac = sealer_.mac(owner_.tenant, "page",
                         sha256_of_parts({position, owner_.tenant, principal_.name, owner_.principal,
                                          filter_.SerializeAsString()}));
  if (mac.ok()) mac->resize(binding_bytes);
  return mac;
}

Result<std::string> PageToken::write(int64_t next) const {
  std::string token = position_of(next);
  const auto bound = binding(token);
  if (!bound.ok()) return bound;
  token = base64_encode(token + *bound);
  // The alphabet that needs no escape in a URL (RFC 4648 section 5), without padding.
  std::ranges::replace(token, '+', '-');
  std::ranges::replace(token, '/', '_');
  token.erase(token.find_last_not_of('=') + 1);
  return token;
}

Result<int64_t> PageToken::read(const std::string& token) const {
  const Error refused = field_error("page_token",
                                    "the next_page_token of the same caller's list, with the same tenant "
                                    "and filter, expected");
  std::string bytes;
  if (token.size() > 100 || !base64_decode(token, bytes) || bytes.size() != position_bytes + binding_bytes)
    return refused;
  const std::string_view position = std::string_view(bytes).substr(0, position_bytes);
  const auto bound = binding(position);
  if (!bound.ok()) return bound.error();
  if (position[0] != token_version || std::string_view(bytes).substr(position_bytes) != *bound)
    return refused;
  int64_t next = 0;
  for (char c : position.substr(1)) next = next << 8 | static_cast<uint8_t>(c);
  return next;
}

}  // namespace psl
