// The official examples of the CI-SIS are not in the project: PASSERELLE_CDA_EXAMPLES names their folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "adapters/formats/view/html_view.h"
#include "adapters/formats/view/narrative.h"
#include "adapters/formats/xml_parser.h"
#include "tests/adapters/formats/view/view_fixtures.h"

namespace psl {
namespace {

// Text without white space, so that only its characters count.
void add_characters(std::string& to, std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (std::string_view(" \t\r\n").find(text[i]) == std::string_view::npos) to += text[i];
  }
}

void add_characters(std::string& to, const XmlElement& element) {
  add_characters(to, element.text);
  for (const XmlElement& child : element.children()) {
    add_characters(to, child);
    add_characters(to, child.tail);
  }
}

void add_characters(std::string& to, const ViewText& text) {
  for (const ViewRun& run : text) add_characters(to, run.text);
}

// All text of the sections under `element`, in order.
void add_narratives(std::string& to, const XmlElement& element) {
  for (const XmlElement& child : element.children()) {
    if (child.name == "text" && element.name == "section") {
      add_characters(to, child);
    } else {
      add_narratives(to, child);
    }
  }
}

TEST(OfficialExamples, AreShownWhole) {
  // Claim: of every level 3 example, each character of each section's text is in the view, in its order.
  const char* folder = std::getenv("PASSERELLE_CDA_EXAMPLES");
  if (folder == nullptr) GTEST_SKIP() << "set PASSERELLE_CDA_EXAMPLES to the folder of the official examples";
  int shown = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(file.path().filename().string());
    std::ifstream in(file.path(), std::ios::binary);
    const std::string cda((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (cda.find("<structuredBody") == std::string::npos) continue;
    ++shown;
    const DocumentView view = test::view_ok(cda);
    EXPECT_THAT(view.sections, testing::Not(testing::IsEmpty()));
    EXPECT_THAT(view.patient, testing::Not(testing::IsEmpty()));
    EXPECT_THAT(view.left_out, testing::IsEmpty());
    EXPECT_NE(write_html(view).find("</html>"), std::string::npos);

    const Result<XmlTree> tree = parse_xml(cda, "entry");
    ASSERT_TRUE(tree.ok());
    std::string expected;
    add_narratives(expected, tree->root());
    std::string found;
    for (const ViewSection& section : view.sections) {
      for (const ViewBlock& block : section.blocks) {
        add_characters(found, block.text);
        add_characters(found, block.table.caption);
        for (const auto& row : block.table.rows) {
          for (const ViewCell& cell : row) add_characters(found, cell.text);
        }
      }
    }
    EXPECT_EQ(found, expected);
  }
  EXPECT_GT(shown, 0);
}

}  // namespace
}  // namespace psl
