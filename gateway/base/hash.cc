#include "gateway/base/hash.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>

#include "gateway/base/result.h"

namespace psl {
namespace {

std::string digest_of(const EVP_MD* algorithm, size_t size, std::string_view bytes) {
  std::string out(size, '\0');
  unsigned length = 0;
  // Without these hashes nothing that this program promises can hold.
  PSL_CHECK(algorithm != nullptr);
  PSL_CHECK(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()), &length,
                       algorithm, nullptr) == 1);
  PSL_CHECK(length == out.size());
  return out;
}

}  // namespace

std::string sha256(std::string_view bytes) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return digest_of(algorithm, 32, bytes);
}

std::string sha1(std::string_view bytes) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  return digest_of(algorithm, 20, bytes);
}

std::string sha256_of_parts(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (std::string_view part : parts) {
    for (int shift = 56; shift >= 0; shift -= 8)
      joined += static_cast<char>(uint64_t{part.size()} >> shift & 0xFF);
    joined += part;
  }
  return sha256(joined);
}

}  // namespace psl
