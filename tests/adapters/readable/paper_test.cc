#include "adapters/readable/paper.h"

#include <gtest/gtest.h>

#include "tests/adapters/readable/sample_view.h"

namespace psl {
namespace {

Strip strip_of(double height) {
  Strip strip;
  strip.height = height;
  return strip;
}

std::vector<PaperPage> finished(Paper& paper) {
  const auto pages = paper.finish();
  EXPECT_TRUE(pages.ok());
  return pages.ok() ? **pages : std::vector<PaperPage>{};
}

TEST(Paper, KeepsATitleWithWhatFollows) {
  // A title at the foot of a page goes to the page of its section.
  Paper paper;
  ASSERT_TRUE(paper.add(strip_of(text_height - 40)).ok());
  Strip title = strip_of(20);
  title.keep_with_next = true;
  ASSERT_TRUE(paper.add(std::move(title)).ok());
  ASSERT_TRUE(paper.add(strip_of(100)).ok());
  const auto pages = finished(paper);
  ASSERT_EQ(pages.size(), 2U);
  EXPECT_EQ(pages[0].size(), 1U);
  ASSERT_EQ(pages[1].size(), 2U);
  EXPECT_EQ(pages[1][0].y, 0);
  EXPECT_EQ(pages[1][1].y, 20);
}

TEST(Paper, LaysATitleThatNothingFollows) {
  // What waits for a strip that never comes is not lost.
  Paper paper;
  Strip title = strip_of(20);
  title.keep_with_next = true;
  ASSERT_TRUE(paper.add(std::move(title)).ok());
  EXPECT_EQ(finished(paper)[0].size(), 1U);
}

TEST(Paper, LeavesNoGapAtTheTopOfAPage) {
  // The space before a strip is between strips only.
  Paper paper;
  Strip second = strip_of(text_height);
  second.gap = 10;
  ASSERT_TRUE(paper.add(strip_of(10)).ok());
  ASSERT_TRUE(paper.add(std::move(second)).ok());
  const auto pages = finished(paper);
  ASSERT_EQ(pages.size(), 2U);
  EXPECT_EQ(pages[1][0].y, 0);
}

TEST(Paper, RepeatsTheHeadingOfATable) {
  // Each page of a table begins with its heading, and no page after it.
  Paper paper;
  std::vector<Strip> heading;
  heading.push_back(strip_of(15));
  ASSERT_TRUE(paper.begin_table(std::move(heading)).ok());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(paper.add(strip_of(20)).ok());
  paper.end_table();
  ASSERT_TRUE(paper.add(strip_of(text_height)).ok());
  const auto pages = finished(paper);
  ASSERT_EQ(pages.size(), 4U);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(pages[i][0].to, 15) << i;
  EXPECT_EQ(pages[3].size(), 1U);
}

TEST(Paper, PutsTheHeadingOnceWhereATableBeginsAtTheFootOfAPage) {
  // The heading waits for its first row and goes to the next page with it, alone.
  Paper paper;
  ASSERT_TRUE(paper.add(strip_of(text_height - 30)).ok());
  std::vector<Strip> heading;
  heading.push_back(strip_of(15));
  ASSERT_TRUE(paper.begin_table(std::move(heading)).ok());
  ASSERT_TRUE(paper.add(strip_of(20)).ok());
  paper.end_table();
  const auto pages = finished(paper);
  ASSERT_EQ(pages.size(), 2U);
  EXPECT_EQ(pages[0].size(), 1U);
  EXPECT_EQ(pages[1].size(), 2U);
}

TEST(Paper, CutsAParagraphBetweenItsLines) {
  // A text longer than a page goes on, whole lines on each, with no line left out or printed twice.
  const Result<CopyFonts>& fonts = CopyFonts::installed();
  ASSERT_TRUE(fonts.ok());
  Typesetter typesetter(*fonts);
  std::string text = "ligne";
  for (int i = 1; i < 150; ++i) text += "\nligne";
  Strip strip;
  strip.divisible = true;
  strip.height = strip.add_text(typesetter.set(text, {}, text_width), 0, 0);
  const std::vector<LineSpan> lines = strip.texts[0].text.lines();
  Paper paper;
  ASSERT_TRUE(paper.add(std::move(strip)).ok());
  const auto pages = finished(paper);
  ASSERT_GE(pages.size(), 3U);
  double at = 0;
  for (const PaperPage& page : pages) {
    ASSERT_EQ(page.size(), 1U);
    EXPECT_NEAR(page[0].from, at, 0.01);
    at = page[0].to;
    for (const LineSpan& line : lines) EXPECT_FALSE(line.top < at - 0.1 && line.bottom > at + 0.1);
  }
  EXPECT_NEAR(at, lines.back().bottom, 0.01);
}

TEST(Paper, RefusesMoreThanItsPages) {
  // The 201st page is an error of the document, not a PDF of any length.
  Paper paper;
  for (size_t i = 0; i < copy_pages_max; ++i) ASSERT_TRUE(paper.add(strip_of(text_height)).ok()) << i;
  const Status status = paper.add(strip_of(text_height));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::document_invalid);
}

TEST(Paper, RefusesWhatCannotBeCut) {
  // A line higher than a page ends in an error and not in a loop.
  const Result<CopyFonts>& fonts = CopyFonts::installed();
  ASSERT_TRUE(fonts.ok());
  Typesetter typesetter(*fonts);
  Strip strip;
  strip.height = strip.add_text(typesetter.set("A", {.size = 900}, text_width * 10), 0, 0);
  ASSERT_GT(strip.height, text_height);
  Paper paper;
  const Status status = paper.add(std::move(strip));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::document_invalid);
}

}  // namespace
}  // namespace psl
