#include "adapters/formats/view/narrative.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/adapters/formats/view/view_fixtures.h"

namespace psl {
namespace {

using test::told;
using testing::ElementsAre;
using testing::IsEmpty;

// The blocks of a section's text, as view_fixtures.h writes them.
std::vector<std::string> blocks(const std::string& text, ViewNotes& notes) {
  const Result<XmlTree> tree = parse_xml("<text>" + text + "</text>");
  EXPECT_TRUE(tree.ok());
  std::vector<std::string> all;
  if (!tree.ok()) return all;
  for (const ViewBlock& block : read_narrative(tree->root(), notes)) all.push_back(told(block));
  return all;
}

std::vector<std::string> blocks(const std::string& text) {
  ViewNotes notes;
  std::vector<std::string> all = blocks(text, notes);
  EXPECT_THAT(notes.sentences(), IsEmpty());
  return all;
}

TEST(Narrative, CollapsesWhiteSpaceAsABrowserDoes) {
  // Claim: line ends and indentation of the source are not seen; a no-break space is.
  EXPECT_THAT(blocks("\n  Sortie \n\t ce   jour.  "), ElementsAre("Sortie ce jour."));
  EXPECT_THAT(blocks("37,5\u00A0\u00A0°C"), ElementsAre("37,5\u00A0\u00A0°C"));
  EXPECT_THAT(blocks(" \n "), IsEmpty());
  EXPECT_THAT(blocks("a <content>b</content> c<content> d </content> e"), ElementsAre("a b c d e"));
}

TEST(Narrative, KeepsLineEnds) {
  // Claim: <br/> ends a line; at the ends of a paragraph it does nothing, and one empty line is the most.
  EXPECT_THAT(blocks("a <br/> b<br/><br/><br/>c<br/>"), ElementsAre("a\nb\n\nc"));
  EXPECT_THAT(blocks("<br/>a"), ElementsAre("a"));
  EXPECT_THAT(blocks("<content styleCode='Bold'>a<br/></content><br/>b"), ElementsAre("*a\n\n*b"));
}

TEST(Narrative, KeepsStyles) {
  // Claim: bold, italic, underlined, together and inside one another; an unknown style is none.
  EXPECT_THAT(blocks("<content styleCode='Bold'>a</content> <content styleCode='Italics'>b</content> "
                     "<content styleCode='xRed Underline Bold'>c</content>"),
              ElementsAre("*a* /b/ *_c_*"));
  EXPECT_THAT(blocks("<content styleCode='Bold'>a <content styleCode='Emphasis'>b</content></content>"),
              ElementsAre("*a **/b/*"));
  EXPECT_THAT(blocks("<content styleCode='Boldest'>a</content>"), ElementsAre("a"));
  EXPECT_THAT(blocks("10<sup>9</sup>/L, CO<sub>2</sub>"), ElementsAre("10^9^/L, CO~2~"));
}

TEST(Narrative, SeparatesParagraphs) {
  // Claim: a paragraph stands alone, with what stands before and after it in others; its caption is bold.
  EXPECT_THAT(blocks("a<paragraph>b</paragraph>c<paragraph><caption>d</caption>e</paragraph>"),
              ElementsAre("a", "b", "c", "*d*", "e"));
}

TEST(Narrative, WritesLists) {
  // Claim: bullets, numbers, letters, Roman numbers; captions and lists inside lists keep their depth.
  EXPECT_THAT(blocks("<list><caption>Suites</caption><item>a</item><item>b</item></list>"),
              ElementsAre("*Suites*", "1 • a", "1 • b"));
  EXPECT_THAT(blocks("<list listType='ordered'><item>a<list listType='ordered' styleCode='LittleAlpha'>"
                     "<item>b</item><item>c</item></list>d</item><item>e</item></list>f"),
              ElementsAre("1 1. a", "2 a. b", "2 b. c", "1  d", "1 2. e", "f"));
  EXPECT_THAT(
      blocks(
          "<list listType='ordered' styleCode='BigRoman'><item>a</item><item/><item/><item>d</item></list>"),
      ElementsAre("1 I. a", "1 IV. d"));
  EXPECT_THAT(blocks("<list><item><paragraph>a</paragraph><paragraph>b</paragraph></item></list>"),
              ElementsAre("1 • a", "1  b"));
}

TEST(Narrative, WritesTables) {
  // Claim: heading rows first and the foot last, whatever the order in the source; all cells keep their
  // place.
  EXPECT_THAT(blocks("<table><caption>Bilan</caption><colgroup><col/></colgroup><thead><tr><th>Examen</th>"
                     "<td>Valeur</td></tr></thead><tfoot><tr><td colspan='2'>Fin</td></tr></tfoot>"
                     "<tbody><tr><th>Hb</th><td/></tr><tr><td>Na</td><td>140</td></tr></tbody></table>"),
              ElementsAre("Bilan{!Examen|!Valeur}{!Hb|}{Na|140}{2x1:Fin}"));
}

TEST(Narrative, CountsHeadingRows) {
  // Claim: those of thead; without one, the rows above the first that is not all headings.
  const auto heading_rows = [](const std::string& rows) {
    ViewNotes notes;
    const Result<XmlTree> tree = parse_xml("<text><table>" + rows + "</table></text>");
    return read_narrative(tree->root(), notes).front().table.heading_rows;
  };
  EXPECT_EQ(heading_rows("<thead><tr><td>a</td><td>b</td></tr></thead><tr><th>c</th></tr>"), 1);
  EXPECT_EQ(heading_rows("<tr><th>a</th><th>b</th></tr><tr><th>c</th><td>d</td></tr>"), 1);
  EXPECT_EQ(heading_rows("<tr><th>a</th><th>b</th></tr>"), 0);
  EXPECT_EQ(heading_rows("<tr><td>a</td><td>b</td></tr>"), 0);
}

TEST(Narrative, BoundsSpans) {
  // Claim: a cell never covers rows that its table does not have, nor a number of columns that nobody means.
  EXPECT_THAT(blocks("<table><tr><td rowspan='9'>a</td><td>b</td></tr><tr><td>c</td></tr></table>"),
              ElementsAre("{1x2:a|b}{c}"));
  EXPECT_THAT(blocks("<table><tr><td colspan='99999999999'>a</td><td colspan='-3'>b</td></tr></table>"),
              ElementsAre("{a|b}"));
  EXPECT_THAT(blocks("<table><tr><td colspan='5000'>a</td><td colspan='x'>b</td></tr></table>"),
              ElementsAre("{100x1:a|b}"));
}

TEST(Narrative, ReadsATableOfOneCellAsItsText) {
  // Claim: a frame is no table: what stands in it is laid out as if it were not there.
  EXPECT_THAT(blocks("<table><tbody><tr><td>a<list><item>b</item></list></td></tr></tbody></table>"),
              ElementsAre("a", "1 • b"));
  EXPECT_THAT(blocks("<table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>"),
              ElementsAre("{a|b}"));
  EXPECT_THAT(blocks("<table><tr><td/></tr></table>"), IsEmpty());
}

TEST(Narrative, WritesWhatStandsInACellAsLines) {
  // Claim: paragraphs, lists and tables inside a cell become lines of it, with their styles.
  EXPECT_THAT(blocks("<table><tr><td><paragraph>a</paragraph><paragraph styleCode='Bold'>b</paragraph></td>"
                     "<td>x<list listType='ordered'><item>c</item><item>d</item></list></td></tr></table>"),
              ElementsAre("{a\n*b*|x\n1. c\n2. d}"));
  EXPECT_THAT(blocks("<table><tr><td>t<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table></td>"
                     "<td/></tr></table>"),
              ElementsAre("{t\na ; b\nc|}"));
}

TEST(Narrative, SaysThatTextBesideCellsIsLeftOut) {
  // Claim: text where a table may have none is not shown silently less.
  ViewNotes notes;
  EXPECT_THAT(blocks("<table>a<tr>b<td>c</td><td>d</td></tr></table>", notes), ElementsAre("{c|d}"));
  EXPECT_THAT(notes.sentences(),
              ElementsAre("Des textes placés hors des cellules d'un tableau ne sont pas reproduits."));
}

TEST(Narrative, WritesFootnotesAtTheEnd) {
  // Claim: one number for a note and all that refer to it, in the order met; the text comes last.
  EXPECT_THAT(blocks("a<footnoteRef IDREF='n2'/> b<footnote ID='n1'>Une</footnote> "
                     "c<footnote ID='n2'><paragraph>Deux</paragraph></footnote> d<footnoteRef IDREF='n1'/>"),
              ElementsAre("a^1^ b^2^ c^1^ d^2^", "^1^ Deux", "^2^ Une"));
}

TEST(Narrative, ShowsTargetsOfLinksOnTheWebOnly) {
  // Claim: who reads on paper sees where a link goes; a script is no target.
  EXPECT_THAT(blocks("<linkHtml href='https://exemple.fr/a'>Notice</linkHtml>."),
              ElementsAre("Notice [https://exemple.fr/a]."));
  EXPECT_THAT(blocks("<linkHtml href='http://exemple.fr'>http://exemple.fr</linkHtml>"),
              ElementsAre("http://exemple.fr"));
  EXPECT_THAT(blocks("<linkHtml href='javascript:alert(1)'>ici</linkHtml>"), ElementsAre("ici"));
  EXPECT_THAT(blocks("<linkHtml href='#n1'>note</linkHtml>"), ElementsAre("note"));
}

TEST(Narrative, SaysWhatIsLeftOut) {
  // Claim: images and what the author struck out are not shown, and that is said; an image's caption is.
  ViewNotes notes;
  EXPECT_THAT(
      blocks(
          "a<renderMultiMedia referencedObject='m1'><caption>Radio</caption></renderMultiMedia>"
          "<content revised='delete'>b</content><content revised='insert'>c</content>"
          "<table><tr revised='delete'><td>d</td></tr><tr><td revised='delete'>e</td><td>f</td></tr></table>"
          "<list><item revised='delete'>g</item></list>",
          notes),
      ElementsAre("a", "*Radio*", "c", "{|f}"));
  EXPECT_THAT(notes.sentences(), ElementsAre("Une image du document n'est pas reproduite.",
                                             "Des passages supprimés par l'auteur ne sont pas reproduits."));
}

TEST(Narrative, ReadsForeignMarkupThrough) {
  // Claim: text in elements that nobody here knows is shown, and never executed.
  EXPECT_THAT(blocks("<b xmlns='http://www.w3.org/1999/xhtml'>a</b> <x:y xmlns:x='urn:x'>b</x:y>"),
              ElementsAre("a b"));
  EXPECT_THAT(blocks("<div>a</div><div>b</div>"), ElementsAre("a", "b"));
  EXPECT_THAT(blocks("<script>alert(1)</script>"), ElementsAre("alert(1)"));
}

TEST(Narrative, KeepsRightToLeftTextWithoutItsOverrides) {
  // Claim: Hebrew and Arabic stay; a mark that would turn a dose round goes, and that is said.
  EXPECT_THAT(blocks("שלום السلام"), ElementsAre("שלום السلام"));
  ViewNotes notes;
  EXPECT_THAT(blocks("Dose \u202E01\u202C mg", notes), ElementsAre("Dose 01 mg"));
  EXPECT_THAT(notes.sentences(),
              ElementsAre("Des marques qui inversent le sens de lecture ont été retirées."));
}

TEST(Narrative, WritesALineOfAnElement) {
  // Claim: all text inside, on one line.
  ViewNotes notes;
  const Result<XmlTree> tree = parse_xml("<title> Lettre<br/>de <content>sortie</content>\n</title>");
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(line_of(tree->root(), notes), "Lettre de sortie");
}

}  // namespace
}  // namespace psl
