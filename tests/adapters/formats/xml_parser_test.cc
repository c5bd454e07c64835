#include "adapters/formats/xml_parser.h"

#include <gtest/gtest.h>

namespace psl {
namespace {

Result<XmlTree> parse(std::string_view bytes) { return parse_xml(bytes, "body"); }

std::string refusal(std::string_view bytes) {
  const auto parsed = parse(bytes);
  return parsed.ok() ? "" : parsed.error().text;
}

std::string repeated(std::string_view unit, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += unit;
  return text;
}

TEST(XmlParser, GivesElementsAttributesAndText) {
  // Namespaces by URI, text in one piece across CDATA and character references, comments left out.
  const auto tree = parse(
      "\xEF\xBB\xBF<?xml version='1.0' encoding='utf-8'?><!-- a --><a xmlns='urn:x' b='1 &amp; 2 &#38;amp; "
      "&lt;' "
      "xmlns:p='urn:y' p:c='3'>"
      "un<![CDATA[<]]>&#233;<!-- b -->deux<p:d/></a>");
  ASSERT_TRUE(tree.ok()) << tree.error().text;
  EXPECT_EQ(tree->root().name, "a");
  EXPECT_EQ(tree->root().space, "urn:x");
  EXPECT_EQ(tree->root().attribute("b"), "1 & 2 &amp; <");
  EXPECT_EQ(tree->root().attribute("c"), "");
  EXPECT_EQ(tree->root().text, "un<édeux");
  EXPECT_EQ(tree->root().attribute("c", "urn:y"), "3");
  ASSERT_NE(tree->root().first_child, nullptr);
  EXPECT_EQ(tree->root().first_child->space, "urn:y");
  EXPECT_FALSE(tree->names_stylesheet());
}

TEST(XmlParser, LeavesTheContentOfOpaqueElementsOutButChecksIt) {
  // The element stays, its content does not, and a fault inside is still a fault.
  const auto tree = parse("<a><body x='1'><b><body/></b>text</body><c/></a>");
  ASSERT_TRUE(tree.ok());
  const XmlElement* body = tree->root().first_child;
  ASSERT_NE(body, nullptr);
  EXPECT_EQ(body->attribute("x"), "1");
  EXPECT_TRUE(body->children().empty());
  EXPECT_TRUE(body->text.empty());
  ASSERT_NE(body->next_sibling, nullptr);
  EXPECT_EQ(body->next_sibling->name, "c");
  EXPECT_NE(refusal("<a><body><b></body></a>"), "");
}

TEST(XmlParser, KeepsTheOrderOfMixedContent) {
  // Text before the first child is the element's, text after a child is that child's tail; the tree may move.
  auto parsed = parse_xml("<p>a<b>c</b>d<e/>f<!-- x -->g</p>");
  ASSERT_TRUE(parsed.ok());
  const XmlTree tree = std::move(*parsed);
  EXPECT_EQ(tree.root().text, "a");
  std::string order;
  for (const XmlElement& child : tree.root().children()) {
    EXPECT_EQ(child.parent, &tree.root());
    order += std::string(child.name) + "(" + std::string(child.text) + ")" + std::string(child.tail);
  }
  EXPECT_EQ(order, "b(c)de()fg");
}

TEST(XmlParser, RefusesADoctypeInAnyForm) {
  // Empty, with an external subset, and the expansion of entities by billions.
  EXPECT_NE(refusal("<!DOCTYPE a><a/>").find("DOCTYPE"), std::string::npos);
  EXPECT_NE(refusal("<!DOCTYPE a SYSTEM 'http://127.0.0.1/x.dtd'><a/>").find("DOCTYPE"), std::string::npos);
  EXPECT_NE(refusal("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>").find("DOCTYPE"), std::string::npos);
  std::string laughs = "<!DOCTYPE a [<!ENTITY l0 'ha'>";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "&l" + std::to_string(i - 1) + ";";
    laughs += "<!ENTITY l" + std::to_string(i) + " '" + repeated(before, 10) + "'>";
  }
  EXPECT_NE(refusal(laughs + "]><a>&l29;</a>").find("DOCTYPE"), std::string::npos);
  EXPECT_NE(refusal("<a>&unknown;</a>").find("not well-formed"), std::string::npos);
}

TEST(XmlParser, RefusesOtherEncodingsThanUtf8) {
  // UTF-16 with its mark, a declared Latin-1 (even when the bytes are ASCII), invalid sequences, a zero byte.
  EXPECT_NE(refusal(std::string_view("\xFF\xFE<\0a\0/\0>\0", 10)).find("UTF-8"), std::string::npos);
  EXPECT_NE(refusal("<?xml version='1.0' encoding='ISO-8859-1'?><a/>").find("encoding"), std::string::npos);
  EXPECT_NE(refusal("<?xml version='1.0' encoding='UTF-80'?><a/>").find("encoding"), std::string::npos);
  EXPECT_NE(refusal("<?xml version='1.0' encoding='UTF-7'?><a/>").find("encoding"), std::string::npos);
  EXPECT_NE(refusal("<?xml version='1.0' encoding='UTF?>").find("encoding"), std::string::npos);
  EXPECT_NE(refusal("<a>\xE9t\xE9</a>").find("UTF-8"), std::string::npos);
  EXPECT_NE(refusal(std::string_view("<a/>\0", 5)).find("zero byte"), std::string::npos);
  EXPECT_EQ(refusal("<?xml version=\"1.0\" encoding=\"Utf-8\"?><a/>"), "");
  EXPECT_EQ(refusal("<?xml version=\"1.0\"?><a/>"), "");
}

TEST(XmlParser, RefusesWhatIsNotWellFormedAndSaysTheLine) {
  // Truncated anywhere, unbalanced, two roots, undeclared prefix, forbidden characters: a line, never the
  // content.
  const std::string whole = "<a x='1'>\n<b>text</b>\n</a>";
  for (size_t size = 0; size + 1 < whole.size(); ++size)
    EXPECT_NE(refusal(whole.substr(0, size)), "") << size;
  EXPECT_NE(refusal("<a>\n\n<secret></a>").find("line 3"), std::string::npos);
  EXPECT_EQ(refusal("<a>\n\n<secret></a>").find("secret"), std::string::npos);
  for (const std::string_view bad : {"<a/><b/>", "<p:a/>", "<a b=1/>", "<a>\x01</a>", "<a b='1' b='2'/>",
                                     "text", "<a>&#0;</a>", "<a><</a>"}) {
    EXPECT_NE(refusal(bad), "") << bad;
  }
}

TEST(XmlParser, SaysWhyAndWhereToWhoAsks) {
  // Each kind of refusal, for a code of its own; a line where there is one.
  auto why = [](std::string_view bytes) {
    XmlRefusal refusal;
    EXPECT_FALSE(parse_xml(bytes, {}, {}, &refusal).ok());
    return refusal;
  };
  EXPECT_EQ(why("").fault, XmlRefusal::Fault::not_well_formed);
  EXPECT_EQ(why("<a>\n\n</b>").line, 3);
  EXPECT_EQ(why("<a>\xE9</a>").fault, XmlRefusal::Fault::not_utf8);
  EXPECT_EQ(why("<!DOCTYPE a><a/>").fault, XmlRefusal::Fault::doctype);
  const XmlRefusal sheet = why("<a>\n<b xmlns='http://www.w3.org/1999/XSL/Transform'/></a>");
  EXPECT_EQ(sheet.fault, XmlRefusal::Fault::stylesheet);
  EXPECT_EQ(sheet.line, 2);
  EXPECT_EQ(why(repeated("<a>", 65) + repeated("</a>", 65)).fault, XmlRefusal::Fault::beyond_bounds);
}

TEST(XmlParser, RefusesWhatIsBeyondItsBounds) {
  // Depth, attributes, length of a tag, namespaces, elements, bytes: at the bound it passes, beyond it does
  // not.
  EXPECT_EQ(refusal(repeated("<a>", 64) + repeated("</a>", 64)), "");
  EXPECT_NE(refusal(repeated("<a>", 65) + repeated("</a>", 65)).find("nested"), std::string::npos);
  EXPECT_NE(refusal("<a><body>" + repeated("<a>", 1000000)).find("nested"), std::string::npos);
  std::string attributes;
  for (int i = 0; i < 64; ++i) attributes += " a" + std::to_string(i) + "='1'";
  EXPECT_EQ(refusal("<a" + attributes + "/>"), "");
  EXPECT_NE(refusal("<a" + attributes + " b='1'/>").find("too many attributes"), std::string::npos);
  EXPECT_NE(refusal("<a b='" + std::string(11 << 20, 'x') + "'/>").find("too long"), std::string::npos);
  EXPECT_NE(refusal("<" + std::string(70000, 'x') + "/>").find("too long"), std::string::npos);
  std::string namespaces;
  for (int i = 0; i < 33; ++i)
    namespaces += " xmlns:n" + std::to_string(i) + "='urn:" + std::to_string(i) + "'";
  EXPECT_NE(refusal("<a" + namespaces + "><b" + namespaces + "/></a>").find("namespaces"), std::string::npos);
  EXPECT_NE(refusal("<a>" + repeated("<b/>", 300000) + "</a>").find("too many elements"), std::string::npos);
  EXPECT_EQ(refusal("<a><body>" + repeated("<b/>", 400000) + "</body></a>"), "");
  EXPECT_NE(refusal("<a>" + std::string(size_t{30} << 20U, 'x') + "</a>").find("above 30 MiB"),
            std::string::npos);
}

TEST(XmlParser, TakesABigTextAndManyComments) {
  // A PDF in base64 is one text of many megabytes; libxml2's own bound of 10 MB is lifted.
  const auto tree = parse("<a>" + std::string(size_t{27} << 20U, 'A') + "</a>");
  ASSERT_TRUE(tree.ok()) << tree.error().text;
  EXPECT_EQ(tree->root().text.size(), size_t{27} << 20U);
  EXPECT_EQ(refusal("<a>" + repeated("<!---->", 300000) + repeated("<![CDATA[]]>", 100000) + "</a>"), "");
}

TEST(XmlParser, NeverLetsAStylesheetIn) {
  // A self-presenting document (root xsl:stylesheet, or XSLT inside) is refused; one that only names a
  // stylesheet is said to.
  EXPECT_NE(refusal("<x:stylesheet xmlns:x='http://www.w3.org/1999/XSL/Transform'/>").find("stylesheet"),
            std::string::npos);
  EXPECT_NE(
      refusal("<a><body><t xmlns='http://www.w3.org/1999/XSL/Transform'/></body></a>").find("stylesheet"),
      std::string::npos);
  const auto named = parse("<?xml-stylesheet type='text/xsl' href='http://127.0.0.1:1/x.xsl'?><a/>");
  ASSERT_TRUE(named.ok());
  EXPECT_TRUE(named->names_stylesheet());
}

}  // namespace
}  // namespace psl
