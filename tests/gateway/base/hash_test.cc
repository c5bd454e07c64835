#include "gateway/base/hash.h"

#include <gtest/gtest.h>

#include "gateway/base/bytes.h"

namespace psl {
namespace {

TEST(Hash, AgreesWithTheStandard) {
  // The examples of FIPS 180-4's publisher for "abc", and of the empty text.
  EXPECT_EQ(to_hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(sha1("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Hash, TellsListsOfTextsApart) {
  // Where one text ends and the next begins counts.
  EXPECT_NE(sha256_of_parts({"ab", "c"}), sha256_of_parts({"a", "bc"}));
  EXPECT_NE(sha256_of_parts({"ab"}), sha256_of_parts({"ab", ""}));
}

TEST(Base64, IsAppendedToWhatIsThere) {
  // The same characters as a text of its own, after what was there.
  std::string out = "{\"data\":\"";
  base64_append("foob", out);
  EXPECT_EQ(out, "{\"data\":\"Zm9vYg==");
}

}  // namespace
}  // namespace psl
