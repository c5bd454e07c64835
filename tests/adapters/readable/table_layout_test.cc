#include "adapters/readable/table_layout.h"

#include <gtest/gtest.h>

#include "tests/adapters/readable/sample_view.h"

namespace psl {
namespace {

class TableLayoutTest : public ::testing::Test {
 protected:
  Result<TableStrips> lay_out(const ViewBlock& block) {
    Typesetter typesetter(*fonts_);
    return lay_out_table(block.table, typesetter);
  }
  const Result<CopyFonts>& fonts_ = CopyFonts::installed();
};

double right_edge(const Strip& strip) {
  double edge = 0;
  for (const InkBox& box : strip.boxes) edge = std::max(edge, box.x + box.width);
  return edge;
}

TEST_F(TableLayoutTest, FillsTheWidthAndNoMore) {
  // Short cells and cells longer than a line alike: the table is as wide as the text.
  const auto strips = lay_out(table_of({row_of({"A", "B"}, true), row_of({std::string(5000, 'x'), "à côté"}),
                                        row_of({"un mot", "deux mots"})}));
  ASSERT_TRUE(strips.ok());
  ASSERT_EQ(strips->heading.size(), 1U);
  ASSERT_EQ(strips->rows.size(), 2U);
  for (const Strip& row : strips->rows) EXPECT_NEAR(right_edge(row), text_width, 0.1);
  for (const InkText& text : strips->rows[0].texts) EXPECT_LE(text.x + text.text.width(), text_width);
}

TEST_F(TableLayoutTest, DoesNotPressAShortColumnBesideALongText) {
  // A word of the short column stays on one line.
  const auto strips = lay_out(table_of({row_of({std::string(3000, 'x') + " fin", "deux mots"})}, 0));
  ASSERT_TRUE(strips.ok());
  EXPECT_EQ(strips->rows[0].texts.back().text.lines().size(), 1U);
}

TEST_F(TableLayoutTest, KeepsRowsThatACellHoldsTogether) {
  // A cell over two rows is never cut from one of them.
  ViewBlock block = table_of({row_of({"deux lignes", "1"}), row_of({"2"}), row_of({"a", "b"})}, 0);
  block.table.rows[0][0].rows = 2;
  const auto strips = lay_out(block);
  ASSERT_TRUE(strips.ok());
  ASSERT_EQ(strips->rows.size(), 2U);
  EXPECT_EQ(strips->rows[0].boxes.size(), 3U);
  EXPECT_NEAR(right_edge(strips->rows[0]), text_width, 0.1);
}

TEST_F(TableLayoutTest, TakesSpansThatReachBeyondTheTable) {
  // Numbers of a foreign document are not believed: rows end with the table, columns are counted from 1.
  ViewBlock block = table_of({row_of({"a", "b"}), row_of({"c"})}, 0);
  block.table.rows[0][0].rows = 1'000'000;
  block.table.rows[0][1].columns = -3;
  EXPECT_TRUE(lay_out(block).ok());
  EXPECT_TRUE(lay_out(table_of({}, 5)).ok());
  EXPECT_TRUE(lay_out(table_of({{}, {}}, 1)).ok());
}

TEST_F(TableLayoutTest, RefusesTooManyColumns) {
  // 64 columns are the most; a span of two billion is not tried.
  ViewBlock block = table_of({row_of({"a"})}, 0);
  block.table.rows[0][0].columns = 64;
  EXPECT_TRUE(lay_out(block).ok());
  for (const int columns : {65, 2'000'000'000}) {
    block.table.rows[0][0].columns = columns;
    const auto strips = lay_out(block);
    ASSERT_FALSE(strips.ok());
    EXPECT_EQ(strips.error().code, ErrorCode::document_invalid);
  }
}

}  // namespace
}  // namespace psl
