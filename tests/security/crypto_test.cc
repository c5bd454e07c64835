#include "security/crypto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/bytes.h"

namespace psl {
namespace {

SecretKey key_of(char c) { return SecretKey(std::string(32, c)); }

TEST(Crypto, HmacAndHkdfAreThoseOfTheirStandards) {
  // Claim: HMAC-SHA-256 and HKDF agree with values computed by another implementation (Python's hmac module).
  EXPECT_EQ(to_hex(*hmac_sha256(key_of('k'), "text")),
            "8d3a9f54db4f3f1e3addef3fc62a0359d0d9d2a87c07cf465284062fded2baa2");
  EXPECT_EQ(to_hex(hkdf_sha256(key_of('k'), "mac:content")->reveal()),
            "40d7883c910955a6360a704f389285af5516885f31471b025268f6a0767754e1");
}

TEST(Crypto, AKeyedMacIsTheSameEveryTime) {
  // Claim: no text that a kept key was used for changes what it says of the next one.
  const Result<KeyedMac> keyed = KeyedMac::of(key_of('k'));
  ASSERT_TRUE(keyed.ok());
  EXPECT_EQ(*keyed->mac("text"), *hmac_sha256(key_of('k'), "text"));
  EXPECT_EQ(*keyed->mac("other"), *hmac_sha256(key_of('k'), "other"));
  EXPECT_EQ(*keyed->mac("text"), *hmac_sha256(key_of('k'), "text"));
}

TEST(Crypto, SealedTextOpensWithTheSameKeyAndPlaceOnly) {
  // Claim: another key, another place, a changed bit anywhere, a cut: each is `corrupt`, and tells nothing.
  const std::string sealed = *aes_gcm_seal(key_of('k'), "place", "the text");
  EXPECT_EQ(*aes_gcm_open(key_of('k'), "place", sealed), "the text");
  EXPECT_EQ(aes_gcm_open(key_of('l'), "place", sealed).error().code, ErrorCode::corrupt);
  EXPECT_EQ(aes_gcm_open(key_of('k'), "other", sealed).error().code, ErrorCode::corrupt);
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(aes_gcm_open(key_of('k'), "place", changed).error().code, ErrorCode::corrupt) << i;
    EXPECT_EQ(aes_gcm_open(key_of('k'), "place", sealed.substr(0, i)).error().code, ErrorCode::corrupt) << i;
  }
}

TEST(Crypto, SealsAnEmptyTextAndNeverTwiceAlike) {
  // Claim: an empty text is a text, and the nonce is new each time.
  const std::string one = *aes_gcm_seal(key_of('k'), "", "");
  const std::string two = *aes_gcm_seal(key_of('k'), "", "");
  EXPECT_NE(one, two);
  EXPECT_EQ(*aes_gcm_open(key_of('k'), "", one), "");
}

TEST(Crypto, AMovedKeyLeavesNothingBehind) {
  // Claim: the source of a move is wiped, and so is a text given to wipe().
  SecretKey from = key_of('k');
  const SecretKey to = std::move(from);
  EXPECT_EQ(to.reveal(), std::string(32, 'k'));
  EXPECT_EQ(from.reveal(),
            std::string(32, '\0'));  // NOLINT(bugprone-use-after-move): what is left is the question
  std::string secret(40, 's');
  const char* const data = secret.data();
  wipe(secret);
  EXPECT_EQ(std::string(data, 40), std::string(40, '\0'));
  EXPECT_NE(random_key()->reveal(), random_key()->reveal());
  EXPECT_EQ(random_bytes(7)->size(), 7u);
}

}  // namespace
}  // namespace psl
