#include "adapters/formats/cda/event_page.h"

#include "adapters/formats/cda/letter_narrative.h"
#include "adapters/formats/xml_writer.h"

namespace psl {
namespace {

constexpr size_t page_bytes_hint = 16384;

class PageWriter {
 public:
  explicit PageWriter(XmlWriter& xml) : xml_(xml), narrative_(xml) {}

  void section(const PageSection& section) {
    xml_.open("component").open("section").element("title", section.title).open("text");
    if (!section.facts.empty()) {
      xml_.raw("<table><tbody>");
      for (const PageFact& fact : section.facts) {
        xml_.raw("<tr><td>").text(fact.label).raw("</td><td>");
        narrative_.lines(fact.text);
        xml_.raw("</td></tr>");
      }
      xml_.raw("</tbody></table>");
    }
    narrative_.paragraphs(section.text);
    if (!section.items.empty()) {
      xml_.open("list");
      for (const std::string& item : section.items) {
        xml_.open("item");
        narrative_.lines(item);
        xml_.close();
      }
      xml_.close();
    }
    if (!section.table.rows.empty()) table(section.table);
    xml_.close().close().close();
  }

 private:
  // Without the columns that are empty in every row.
  void table(const PageTable& table) {
    std::vector<bool> used(table.headings.size());
    for (const std::vector<std::string>& row : table.rows) {
      for (size_t i = 0; i < row.size(); ++i) used[i] = used[i] || !row[i].empty();
    }
    xml_.raw("<table><thead><tr>");
    for (size_t i = 0; i < used.size(); ++i) {
      if (used[i]) xml_.raw("<th>").text(table.headings[i]).raw("</th>");
    }
    xml_.raw("</tr></thead><tbody>");
    for (const std::vector<std::string>& row : table.rows) {
      xml_.raw("<tr>");
      for (size_t i = 0; i < row.size(); ++i) {
        if (!used[i]) continue;
        xml_.raw("<td>");
        narrative_.lines(row[i]);
        xml_.raw("</td>");
      }
      xml_.raw("</tr>");
    }
    xml_.raw("</tbody></table>");
  }

  XmlWriter& xml_;
  LetterNarrative narrative_;
};

bool says_something(const PageSection& section) {
  return !section.facts.empty() || !section.text.empty() || !section.items.empty() ||
         !section.table.rows.empty();
}

}  // namespace

std::string write_page(const CdaHeaderInput& header, std::span<const PageSection> sections) {
  XmlWriter xml(page_bytes_hint);
  write_cda_header(xml, header, CdaLevel::one);
  xml.open("component").open("structuredBody");
  PageWriter page(xml);
  for (const PageSection& section : sections) {
    if (says_something(section)) page.section(section);
  }
  return xml.finish();
}

}  // namespace psl
