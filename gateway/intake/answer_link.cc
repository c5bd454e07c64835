#include "gateway/intake/answer_link.h"

#include <algorithm>
#include <charconv>

#include "gateway/base/bytes.h"
#include "gateway/base/hash.h"

namespace psl {
namespace {

constexpr size_t uuid_characters = 36;
constexpr size_t link_mac_bytes = 16;
constexpr size_t link_mac_characters = 22;
constexpr size_t answer_code_bytes = 5;
// Crockford's: no I, L, O or U, which are read wrongly.
constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

std::string base64url(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  while (text.ends_with('=')) text.pop_back();
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

// Hashed before it is cut, so that every byte of the MAC counts in what is left.
Result<std::string> short_mac(Sealer& sealer, std::string_view tenant, std::string_view purpose,
                              std::string_view plain, size_t bytes) {
  auto mac = sealer.mac(tenant, purpose, plain);
  if (!mac.ok()) return mac;
  return sha256(*mac).substr(0, bytes);
}

Result<std::string> link_mac(Sealer& sealer, std::string_view tenant, const Uuid& delivery_id,
                             int64_t second) {
  auto mac = short_mac(sealer, tenant, "answer-link", delivery_id.text() + "." + std::to_string(second),
                       link_mac_bytes);
  if (!mac.ok()) return mac;
  return base64url(*mac);
}

int64_t second_of(Instant at) { return at.us / 1000000; }

bool same_bytes(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned differs = 0;
  for (size_t i = 0; i < a.size(); ++i) differs |= static_cast<unsigned>(a[i] ^ b[i]);
  return differs == 0;
}

bool base64url_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

Result<std::string> make_answer_token(Sealer& sealer, std::string_view tenant, const Uuid& delivery_id,
                                      Instant not_after) {
  auto mac = link_mac(sealer, tenant, delivery_id, second_of(not_after));
  if (!mac.ok()) return mac;
  return delivery_id.text() + "." + std::to_string(second_of(not_after)) + "." + *mac;
}

Result<AnswerToken> parse_answer_token(std::string_view text) {
  const Error invalid = error_of(ErrorCode::link_invalid);
  if (text.size() < uuid_characters + 1 || text[uuid_characters] != '.') return invalid;
  const std::optional<Uuid> id = Uuid::parse(text.substr(0, uuid_characters));
  // One spelling only: what is not canonical was not made by us.
  if (!id || id->text() != text.substr(0, uuid_characters)) return invalid;
  const std::string_view rest = text.substr(uuid_characters + 1);
  const size_t dot = rest.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot > 12 || rest[0] < '1' || rest[0] > '9') return invalid;
  int64_t second = 0;
  const auto [end, problem] = std::from_chars(rest.data(), rest.data() + dot, second);
  if (problem != std::errc() || end != rest.data() + dot) return invalid;
  const std::string_view mac = rest.substr(dot + 1);
  if (mac.size() != link_mac_characters || !std::ranges::all_of(mac, base64url_character)) return invalid;
  return AnswerToken{*id, Instant{second * 1000000}, std::string(mac)};
}

Status check_answer_token(Sealer& sealer, std::string_view tenant, const AnswerToken& token) {
  const auto mac = link_mac(sealer, tenant, token.delivery_id, second_of(token.not_after));
  if (!mac.ok()) return mac.error();
  if (!same_bytes(*mac, token.mac)) return error_of(ErrorCode::link_invalid);
  return {};
}

Result<std::string> make_answer_code(Sealer& sealer, std::string_view tenant, const Uuid& delivery_id) {
  const auto mac = short_mac(sealer, tenant, "answer-code", delivery_id.text(), answer_code_bytes);
  if (!mac.ok()) return mac.error();
  uint64_t bits = 0;
  for (const char c : *mac) bits = bits << 8 | static_cast<uint8_t>(c);
  std::string code = "PSL-";
  for (int shift = 35; shift >= 0; shift -= 5) {
    code += crockford[bits >> shift & 31];
    if (shift == 20) code += '-';
  }
  return code;
}

}  // namespace psl
