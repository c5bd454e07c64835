// A letter about a woman who does not exist, for the tests of what a reader sees.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "adapters/formats/view/document_view.h"

namespace psl::test {

// Its body: sections as they stand in structuredBody.
inline std::string view_letter(std::string_view sections, std::string_view more_header = {}) {
  return R"(<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc">
  <id root="1.2.250.1.999.7.1"/><title>Lettre de  sortie</title>
  <effectiveTime value="20250224173000+0100"/><versionNumber value="2"/>
  <recordTarget><patientRole>
    <id root="1.2.250.1.213.1.4.10" extension="265033947811573"/><id root="1.2.250.1.999.1" extension="IPP-7"/>
    <addr><streetAddressLine>3 place de l'Église</streetAddressLine><postalCode>39000</postalCode>
      <city>LONS-LE-SAUNIER</city><country>FRANCE</country></addr>
    <telecom value="tel:+33600000000"/>
    <patient><name>
      <family qualifier="BR">DE L'ÉTOILE</family><family qualifier="CL">D'ARGENT</family>
      <given>MARIE-ÈVE ANNE</given><given qualifier="BR">MARIE-ÈVE</given><given qualifier="CL">ÈVE</given></name>
      <administrativeGenderCode code="F"/><birthTime value="19650309"/>
      <birthplace><place><addr><county>39478</county><city>SAINT-CLAUDE</city></addr></place></birthplace>
    </patient></patientRole></recordTarget>)" +
         std::string(more_header) + "<component><structuredBody>" + std::string(sections) +
         "</structuredBody></component></ClinicalDocument>";
}

// A section without code.
inline std::string view_section(std::string_view title, std::string_view text) {
  return "<component><section><title>" + std::string(title) + "</title><text>" + std::string(text) +
         "</text></section></component>";
}

inline DocumentView view_ok(std::string_view cda) {
  Result<DocumentView> view = view_of(cda);
  EXPECT_TRUE(view.ok()) << view.error().describe();
  return view.ok() ? std::move(*view) : DocumentView{};
}

// Text with its styles: *bold*, /italic/, _underlined_, ^above^, ~below~.
inline std::string told(const ViewText& text) {
  std::string out;
  for (const ViewRun& run : text) {
    std::string mark;
    if (run.bold) mark += '*';
    if (run.italic) mark += '/';
    if (run.underlined) mark += '_';
    if (run.raised > 0) mark += '^';
    if (run.raised < 0) mark += '~';
    out += mark + run.text + std::string(mark.rbegin(), mark.rend());
  }
  return out;
}

// "text", "2 b. text" for an item at depth 2, "caption{!heading|cell 2x1:wide}{...}" for a table: columns x
// rows of a cell that covers more than its own place.
inline std::string told(const ViewBlock& block) {
  if (block.kind == ViewBlock::Kind::paragraph) return told(block.text);
  if (block.kind == ViewBlock::Kind::item)
    return std::to_string(block.depth) + " " + block.marker + " " + told(block.text);
  std::string out = told(block.table.caption);
  for (const auto& row : block.table.rows) {
    out += "{";
    for (const ViewCell& cell : row) {
      if (&cell != &row.front()) out += "|";
      if (cell.heading) out += "!";
      if (cell.columns > 1 || cell.rows > 1)
        out += std::to_string(cell.columns) + "x" + std::to_string(cell.rows) + ":";
      out += told(cell.text);
    }
    out += "}";
  }
  return out;
}

}  // namespace psl::test
