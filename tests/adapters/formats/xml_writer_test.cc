#include "adapters/formats/xml_writer.h"

#include <gtest/gtest.h>

namespace psl {
namespace {

TEST(XmlWriter, WritesElementsAttributesAndText) {
  // Empty elements close themselves; finish() closes the rest.
  XmlWriter xml;
  xml.open("a").attribute("x", "1").element("b", {{"y", "2"}}).element("c", "text").open("d");
  EXPECT_EQ(xml.finish(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a x=\"1\"><b y=\"2\"/><c>text</c><d/></a>\n");
}

TEST(XmlWriter, EscapesWhatAParserWouldReadOtherwise) {
  // Markup everywhere; quotes, tabs and line ends in attributes, which a parser turns into spaces.
  XmlWriter xml;
  xml.open("a").attribute("x", "<&>\"'\t\n\r").text("<&>\"'\t\n\r]]>é😀");
  EXPECT_EQ(xml.finish(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<a x=\"&lt;&amp;&gt;&quot;'&#9;&#10;&#13;\">&lt;&amp;&gt;\"'\t\n&#13;]]&gt;é😀</a>\n");
}

TEST(XmlWriter, ReplacesCharactersThatXmlCannotHoldAndSaysSo) {
  // Control characters, non-characters, and bytes that are not UTF-8, each by U+FFFD.
  XmlWriter clean;
  clean.element("a", "déjà vu");
  EXPECT_FALSE(clean.altered());
  for (const std::string& bad :
       {std::string("\x01"), std::string("\0", 1), std::string("\x1F"), std::string("\xEF\xBF\xBE"),
        std::string("\xC3"), std::string("\xED\xA0\x80"), std::string("\xC0\x80")}) {
    XmlWriter xml;
    xml.element("a", bad);
    EXPECT_TRUE(xml.altered());
    EXPECT_FALSE(xml_text_ok(bad));
    EXPECT_NE(xml.finish().find("\xEF\xBF\xBD"), std::string::npos);
  }
  EXPECT_TRUE(xml_text_ok("tab\t, line\n, é, 😀, \x7F"));
}

TEST(XmlWriter, TreatsAByteTheSameWhereverItStands) {
  // Runs are copied at once: before, after and between letters of one and of two bytes, nothing else changes.
  for (int value = 0; value < 256; ++value) {
    const std::string byte(1, static_cast<char>(value));
    const auto written = [](const std::string& text) {
      XmlWriter xml;
      xml.open("a").attribute("x", text).text(text);
      return xml.finish();
    };
    const auto part = [](const std::string& xml, std::string_view from, std::string_view to) {
      const size_t start = xml.find(from) + from.size();
      return xml.substr(start, xml.rfind(to) - start);
    };
    const std::string alone = written(byte);
    const std::string among = written("abcdefgh" + byte + "éà" + byte);
    const std::string attribute = part(alone, "x=\"", "\">");
    const std::string text = part(alone, "\">", "</a>");
    EXPECT_EQ(part(among, "x=\"", "\">"), "abcdefgh" + attribute + "éà" + attribute) << value;
    EXPECT_EQ(part(among, "\">", "</a>"), "abcdefgh" + text + "éà" + text) << value;
  }
}

}  // namespace
}  // namespace psl
