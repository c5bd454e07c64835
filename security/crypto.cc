#include "security/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <cstring>
#include <memory>

namespace psl {
namespace {

constexpr size_t nonce_bytes = 12;
constexpr size_t tag_bytes = 16;
constexpr size_t plain_bytes_max = size_t{1} << 30;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)>;

// Fetching searches every provider and takes a lock, so it is done once.
struct Algorithms {
  std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> aes{
      EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr), EVP_CIPHER_free};
  std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> hmac{EVP_MAC_fetch(nullptr, "HMAC", nullptr),
                                                         EVP_MAC_free};
  std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> hkdf{EVP_KDF_fetch(nullptr, "HKDF", nullptr),
                                                         EVP_KDF_free};
};

const Algorithms& algorithms() {
  static const Algorithms fetched;
  // A library without them is a broken installation: nothing could be kept secret.
  PSL_CHECK(fetched.aes && fetched.hmac && fetched.hkdf);
  return fetched;
}

// So that a failure tells its own reason. To clear what is empty costs more than to look first.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

Error crypto_failure(std::string_view what) {
  std::string text(what);
  text += " failed";
  // OpenSSL's own sentence is a constant of the library; its data strings are left out.
  if (const char* reason = ERR_reason_error_string(ERR_peek_last_error())) text += std::string(": ") + reason;
  return error_of(ErrorCode::crypto, std::move(text));
}

const unsigned char* bytes_in(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_out(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// OpenSSL's parameter lists take a pointer to mutable bytes and do not write through it.
OSSL_PARAM octets(const char* name, std::string_view value) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(value.data()), value.size());
}

OSSL_PARAM sha256_digest(const char* name) {
  static char digest[] = "SHA256";
  return OSSL_PARAM_construct_utf8_string(name, digest, 0);
}

}  // namespace

void wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

SecretKey::SecretKey(std::string_view bytes) {
  PSL_CHECK(bytes.size() == size_bytes);
  std::memcpy(bytes_.data(), bytes.data(), size_bytes);
}

SecretKey::SecretKey(SecretKey&& other) noexcept : bytes_(other.bytes_) {
  OPENSSL_cleanse(other.bytes_.data(), size_bytes);
}

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
  if (this == &other) return *this;
  bytes_ = other.bytes_;
  OPENSSL_cleanse(other.bytes_.data(), size_bytes);
  return *this;
}

SecretKey::~SecretKey() { OPENSSL_cleanse(bytes_.data(), size_bytes); }

std::string_view SecretKey::reveal() const noexcept { return {bytes_.data(), size_bytes}; }

Result<std::string> random_bytes(size_t count) {
  forget_errors();
  std::string out(count, '\0');
  if (RAND_bytes_ex(nullptr, bytes_out(out), count, 0) != 1) return crypto_failure("the random generator");
  return out;
}

Result<SecretKey> random_key() {
  Result<std::string> bytes = random_bytes(SecretKey::size_bytes);
  if (!bytes) return std::move(bytes).error();
  SecretKey key(*bytes);
  wipe(*bytes);
  return key;
}

void KeyedMac::Free::operator()(evp_mac_ctx_st* context) const { EVP_MAC_CTX_free(context); }

Result<KeyedMac> KeyedMac::of(const SecretKey& key) {
  forget_errors();
  Context keyed(EVP_MAC_CTX_new(algorithms().hmac.get()));
  const OSSL_PARAM parameters[] = {sha256_digest(OSSL_MAC_PARAM_DIGEST), OSSL_PARAM_construct_end()};
  if (!keyed || EVP_MAC_init(keyed.get(), bytes_in(key.reveal()), SecretKey::size_bytes, parameters) != 1)
    return crypto_failure("HMAC-SHA-256");
  return KeyedMac(std::move(keyed));
}

Result<std::string> KeyedMac::mac(std::string_view text) const {
  forget_errors();
  const Context context(EVP_MAC_CTX_dup(keyed_.get()));
  std::string out(32, '\0');
  size_t length = 0;
  if (!context || EVP_MAC_update(context.get(), bytes_in(text), text.size()) != 1 ||
      EVP_MAC_final(context.get(), bytes_out(out), &length, out.size()) != 1 || length != out.size()) {
    return crypto_failure("HMAC-SHA-256");
  }
  return out;
}

Result<std::string> hmac_sha256(const SecretKey& key, std::string_view text) {
  const Result<KeyedMac> keyed = KeyedMac::of(key);
  if (!keyed) return keyed.error();
  return keyed->mac(text);
}

Result<SecretKey> hkdf_sha256(const SecretKey& key, std::string_view info) {
  forget_errors();
  const KdfContext context(EVP_KDF_CTX_new(algorithms().hkdf.get()), EVP_KDF_CTX_free);
  const OSSL_PARAM parameters[] = {sha256_digest(OSSL_KDF_PARAM_DIGEST),
                                   octets(OSSL_KDF_PARAM_KEY, key.reveal()),
                                   octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
  std::string out(SecretKey::size_bytes, '\0');
  if (!context || EVP_KDF_derive(context.get(), bytes_out(out), out.size(), parameters) != 1) {
    return crypto_failure("HKDF-SHA-256");
  }
  SecretKey derived(out);
  wipe(out);
  return derived;
}

Result<std::string> aes_gcm_seal(const SecretKey& key, std::string_view bound, std::string_view plain) {
  if (plain.size() > plain_bytes_max)
    return error_of(ErrorCode::crypto, "a text above 1 GiB cannot be sealed");
  forget_errors();
  std::string out(nonce_bytes + plain.size() + tag_bytes, '\0');
  unsigned char* const nonce = bytes_out(out);
  unsigned char* const body = nonce + nonce_bytes;
  if (RAND_bytes(nonce, nonce_bytes) != 1) return crypto_failure("the random generator");
  const CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  if (!context ||
      EVP_EncryptInit_ex2(context.get(), algorithms().aes.get(), bytes_in(key.reveal()), nonce, nullptr) !=
          1 ||
      EVP_EncryptUpdate(context.get(), nullptr, &length, bytes_in(bound), static_cast<int>(bound.size())) !=
          1 ||
      EVP_EncryptUpdate(context.get(), body, &length, bytes_in(plain), static_cast<int>(plain.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), body + plain.size(), &length) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, tag_bytes, body + plain.size()) != 1) {
    return crypto_failure("AES-256-GCM");
  }
  return out;
}

Result<std::string> aes_gcm_open(const SecretKey& key, std::string_view bound, std::string_view sealed) {
  constexpr size_t overhead = nonce_bytes + tag_bytes;
  const auto corrupt = [] { return error_of(ErrorCode::corrupt, "sealed data does not verify"); };
  if (sealed.size() < overhead || sealed.size() > plain_bytes_max + overhead) return corrupt();
  forget_errors();
  const size_t plain_bytes = sealed.size() - overhead;
  const std::string_view body = sealed.substr(nonce_bytes, plain_bytes);
  std::string tag(sealed.substr(nonce_bytes + plain_bytes));
  std::string out(plain_bytes, '\0');
  const CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  if (!context ||
      EVP_DecryptInit_ex2(context.get(), algorithms().aes.get(), bytes_in(key.reveal()), bytes_in(sealed),
                          nullptr) != 1 ||
      EVP_DecryptUpdate(context.get(), nullptr, &length, bytes_in(bound), static_cast<int>(bound.size())) !=
          1 ||
      EVP_DecryptUpdate(context.get(), bytes_out(out), &length, bytes_in(body),
                        static_cast<int>(body.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag.data()) != 1) {
    wipe(out);
    return crypto_failure("AES-256-GCM");
  }
  std::array<unsigned char, tag_bytes> none;
  if (EVP_DecryptFinal_ex(context.get(), none.data(), &length) != 1) {
    wipe(out);  // what does not verify must not be looked at
    return corrupt();
  }
  return out;
}

}  // namespace psl
