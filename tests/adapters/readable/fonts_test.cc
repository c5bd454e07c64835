#include "adapters/readable/fonts.h"

#include <gtest/gtest.h>

namespace psl {
namespace {

TEST(CopyFonts, NamesTheFontThatIsMissing) {
  // A machine without the fonts is told which package to install, before any letter comes.
  const auto fonts = CopyFonts::load({"/nowhere"});
  ASSERT_FALSE(fonts.ok());
  EXPECT_EQ(fonts.error().code, ErrorCode::configuration);
  EXPECT_NE(fonts.error().text.find("LiberationSans-Regular.ttf"), std::string::npos);
  EXPECT_NE(fonts.error().text.find("fonts-liberation2"), std::string::npos);
}

TEST(CopyFonts, KnowWhatTheyCanShow) {
  // French, Greek and Arabic are there, Chinese is not.
  const Result<CopyFonts>& fonts = CopyFonts::installed();
  ASSERT_TRUE(fonts.ok());
  for (const char32_t shown : {U'é', U'Œ', U'λ', U'ع', U'□', U'≥'}) EXPECT_TRUE(fonts->has(shown));
  EXPECT_FALSE(fonts->has(U'漢'));
}

}  // namespace
}  // namespace psl
