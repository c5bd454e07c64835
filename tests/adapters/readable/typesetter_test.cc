#include "adapters/readable/typesetter.h"

#include <gtest/gtest.h>

#include "tests/adapters/readable/sample_view.h"

namespace psl {
namespace {

class TypesetterTest : public ::testing::Test {
 protected:
  const Result<CopyFonts>& fonts_ = CopyFonts::installed();
};

TEST_F(TypesetterTest, BreaksLinesAtTheWidthAndLongWordsToo) {
  // Nothing runs out of its column, be it one word of 300 letters.
  Typesetter typesetter(*fonts_);
  const auto word = typesetter.set(std::string(300, 'W'), {}, 100);
  ASSERT_EQ(word.size(), 1U);
  EXPECT_LE(word[0].width(), 100);
  EXPECT_GT(word[0].lines().size(), 10U);
  EXPECT_EQ(typesetter.set("un\ndeux", {}, 100)[0].lines().size(), 2U);
}

TEST_F(TypesetterTest, LinesFollowEachOtherDownToTheHeight) {
  // A page can be cut between any two lines.
  Typesetter typesetter(*fonts_);
  const Typeset text = typesetter.set_line(plain_text("un\ndeux\ntrois"), {});
  double at = 0;
  for (const LineSpan& line : text.lines()) {
    EXPECT_GE(line.top, at - 0.01);
    EXPECT_GT(line.bottom, line.top);
    at = line.bottom;
  }
  EXPECT_NEAR(at, text.height(), 0.01);
}

TEST_F(TypesetterTest, SaysThatACharacterHasNoGlyph) {
  // What cannot be printed is an empty square and is known, rather than silently lost.
  Typesetter typesetter(*fonts_);
  (void)typesetter.set("É, Ελλάδα, عربي, e\u0301, \u200F, \uFE0F", {}, 100);
  EXPECT_FALSE(typesetter.lacked_a_character());
  (void)typesetter.set("漢字", {}, 100);
  EXPECT_TRUE(typesetter.lacked_a_character());
}

TEST_F(TypesetterTest, SurvivesBytesThatAreNoText) {
  // Control characters are dropped, broken UTF-8 is shown as squares: neither stops the page.
  Typesetter typesetter(*fonts_);
  EXPECT_EQ(typesetter.width_of("a\x01\x02", {}), typesetter.width_of("a", {}));
  EXPECT_FALSE(typesetter.lacked_a_character());
  (void)typesetter.set("\xC3", {}, 100);
  (void)typesetter.set("\xFF\xFE\xF0\x9F", {}, 100);
  EXPECT_TRUE(typesetter.lacked_a_character());
}

TEST_F(TypesetterTest, KnowsATextThatBeginsAtTheRight) {
  // Arabic begins at the right edge of its column, French does not.
  Typesetter typesetter(*fonts_);
  EXPECT_TRUE(typesetter.set_line(plain_text("سطر"), {}).begins_at_right());
  EXPECT_FALSE(typesetter.set_line(plain_text("ligne"), {}).begins_at_right());
}

TEST_F(TypesetterTest, CutsWhatMustStayOneLine) {
  // The foot of a page keeps its height whatever the name.
  Typesetter typesetter(*fonts_);
  const auto foot = typesetter.set(std::string(50'000, 'N'), {.one_line = true}, 200);
  ASSERT_EQ(foot.size(), 1U);
  EXPECT_EQ(foot[0].lines().size(), 1U);
  EXPECT_LE(foot[0].width(), 200);
}

TEST_F(TypesetterTest, SetsALongTextInPiecesWithTheLinesOfOne) {
  // Where a piece ends cannot be seen: each but the last ends with a full line.
  Typesetter typesetter(*fonts_);
  std::string text;
  while (text.size() < 10'000) text += "quelques mots de française facture ";
  const auto pieces = typesetter.set(text, {}, 300);
  ASSERT_GT(pieces.size(), 3U);
  size_t lines = 0;
  for (const Typeset& piece : pieces) lines += piece.lines().size();
  const Typeset whole = [&] {
    Typeset set = typesetter.set_line(plain_text(text), {});
    set.wrap_to(300);
    return set;
  }();
  EXPECT_EQ(lines, whole.lines().size());
  EXPECT_NEAR(height_of(pieces), whole.height(), 0.5);
}

TEST_F(TypesetterTest, KeepsTheLineEndsOfALongText) {
  // No line end is lost or doubled where a piece ends.
  Typesetter typesetter(*fonts_);
  std::string text = "x";
  for (int i = 1; i < 5000; ++i) text += "\nx";
  size_t lines = 0;
  for (const Typeset& piece : typesetter.set(text, {}, 300)) lines += piece.lines().size();
  EXPECT_EQ(lines, 5000U);
}

TEST_F(TypesetterTest, LetsNoMarkTurnATextAround) {
  // An override that prints a dose backwards is dropped; letters of both directions order themselves.
  Typesetter typesetter(*fonts_);
  EXPECT_EQ(typesetter.width_of("\u202E01 mg\u202C", {}), typesetter.width_of("01 mg", {}));
  EXPECT_FALSE(typesetter.set_line(plain_text("\u202E01 mg\u202C"), {}).begins_at_right());
  EXPECT_FALSE(typesetter.lacked_a_character());
}

}  // namespace
}  // namespace psl
