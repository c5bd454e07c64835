#include "adapters/readable/srgb_profile.h"

#include <gtest/gtest.h>

namespace psl {
namespace {

TEST(SrgbProfile, IsADisplayProfileOfItsOwnSize) {
  // Size, signature and class stand where ICC.1 puts them; every tag lies inside.
  const std::string profile = make_srgb_profile();
  const auto number = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) value = value << 8U | static_cast<unsigned char>(profile[at + i]);
    return value;
  };
  EXPECT_EQ(number(0), profile.size());
  EXPECT_EQ(profile.substr(12, 12), "mntrRGB XYZ ");
  EXPECT_EQ(profile.substr(36, 4), "acsp");
  const uint32_t tags = number(128);
  EXPECT_EQ(tags, 9U);
  for (uint32_t i = 0; i < tags; ++i) {
    const size_t entry = 132 + 12 * i;
    EXPECT_EQ(number(entry + 4) % 4, 0U);
    EXPECT_LE(number(entry + 4) + number(entry + 8), profile.size());
  }
  EXPECT_EQ(profile, make_srgb_profile());
}

}  // namespace
}  // namespace psl
