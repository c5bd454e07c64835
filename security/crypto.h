// The secret side of cryptography: keys that wipe themselves, and the three algorithms that the ledger rests
// on. Hashing without a key is gateway/base/hash.h. Every function is thread safe; an error never holds
// bytes.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/result.h"

struct evp_mac_ctx_st;

namespace psl {

// Overwrites a text that held a secret, in a way that the compiler keeps.
void wipe(std::string& secret);

// 256 bits, wiped when they go. Moved, never copied; it has no stream operator: reveal() is where a reviewer
// looks.
class SecretKey {
 public:
  static constexpr size_t size_bytes = 32;

  // 32 bytes, or a trap.
  explicit SecretKey(std::string_view bytes);
  SecretKey(SecretKey&& other) noexcept;
  SecretKey& operator=(SecretKey&& other) noexcept;
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;
  ~SecretKey();

  std::string_view reveal() const noexcept;

 private:
  std::array<char, size_bytes> bytes_{};
};

// From the system's generator. `crypto` when it has none to give.
Result<std::string> random_bytes(size_t count);
Result<SecretKey> random_key();

// RFC 2104 with SHA-256, the key's part of it done once: for a key that is used many times. Thread safe: each
// call works on a copy of its own, wiped when it goes, as the key's part is with this.
class KeyedMac {
 public:
  static Result<KeyedMac> of(const SecretKey& key);
  // 32 bytes.
  Result<std::string> mac(std::string_view text) const;

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_mac_ctx_st, Free>;
  explicit KeyedMac(Context keyed) : keyed_(std::move(keyed)) {}

  Context keyed_;
};

// The same for a key that is used once.
Result<std::string> hmac_sha256(const SecretKey& key, std::string_view text);

// RFC 5869 with SHA-256 and no salt: another key for each `info`, none of which tells about the others or
// about `key`.
Result<SecretKey> hkdf_sha256(const SecretKey& key, std::string_view info);

// AES-256-GCM (NIST SP 800-38D): nonce (12 random bytes), ciphertext, tag (16). One key may seal 2^32 texts
// (section 8.3 there). `bound` is not inside, but open() fails unless it is given the same. At most 1 GiB.
Result<std::string> aes_gcm_seal(const SecretKey& key, std::string_view bound, std::string_view plain);
// `corrupt` when the key, `bound` or any bit is not what it was.
Result<std::string> aes_gcm_open(const SecretKey& key, std::string_view bound, std::string_view sealed);

}  // namespace psl
