#include "adapters/formats/cda/letter_narrative.h"

#include <algorithm>
#include <utility>

#include "adapters/formats/xml_writer.h"
#include "passerelle/v1/letter.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

// The next line of a text, without its end ("\n", "\r\n" or "\r"), which is taken from `rest` too.
std::string_view next_line(std::string_view& rest) {
  size_t end = 0;
  while (end < rest.size() && rest[end] != '\n' && rest[end] != '\r') ++end;
  const std::string_view line = rest.substr(0, end);
  if (end == rest.size()) {
    rest = {};
  } else {
    rest.remove_prefix(end + (rest.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  return line;
}

bool blank(std::string_view line) { return line.find_first_not_of(" \t") == std::string_view::npos; }

// Units that UCUM writes otherwise than a French reader.
std::string_view shown_unit(std::string_view ucum) {
  static constexpr std::pair<std::string_view, std::string_view> units[] = {
      {"1", ""}, {"ug", "µg"}, {"[iU]", "UI"}, {"[IU]", "UI"}, {"[drp]", "gouttes"}};
  for (const auto& [code, shown] : units) {
    if (code == ucum) return shown;
  }
  return ucum;
}

// "1 comprimé", "2 comprimés", "40 mg". A unit of UCUM in braces is a word of the sender's.
std::string shown_quantity(const v1::Quantity& quantity) {
  std::string shown = quantity.value();
  std::replace(shown.begin(), shown.end(), '.', ',');
  std::string_view unit = shown_unit(quantity.unit());
  if (unit.empty()) return shown;
  const bool word = unit.size() > 2 && unit.front() == '{' && unit.back() == '}';
  if (word) unit = unit.substr(1, unit.size() - 2);
  const bool several = shown[0] > '1' || (shown[0] == '1' && shown.size() > 1 && shown[1] != ',');
  shown.append(" ").append(unit);
  if (word && several && !unit.ends_with('s') && !unit.ends_with('x')) shown += 's';
  return shown;
}

// "toutes les 12 heures", "tous les jours".
std::string shown_frequency(const v1::Quantity& every) {
  struct Unit {
    std::string_view code;
    std::string_view lead;
    std::string_view name;
  };
  static constexpr Unit units[] = {{"h", "toutes les ", "heures"},
                                   {"d", "tous les ", "jours"},
                                   {"wk", "toutes les ", "semaines"},
                                   {"mo", "tous les ", "mois"}};
  for (const Unit& unit : units) {
    if (unit.code != every.unit()) continue;
    std::string shown(unit.lead);
    if (every.value() != "1") shown.append(every.value()).append(" ");
    std::replace(shown.begin(), shown.end(), '.', ',');
    return shown.append(unit.name);
  }
  return {};
}

}  // namespace

std::string french_day(std::string_view date) {
  std::string shown;
  if (date.size() >= 10) shown.append(date.substr(8, 2)).append("/");
  if (date.size() >= 7) shown.append(date.substr(5, 2)).append("/");
  return shown.append(date.substr(0, 4));
}

std::string dosage_of(const v1::Treatment& treatment) {
  std::string said;
  if (treatment.has_dose()) said = shown_quantity(treatment.dose());
  if (treatment.has_every()) said.append(said.empty() ? "" : " ").append(shown_frequency(treatment.every()));
  if (treatment.has_daily_maximum()) {
    said.append(said.empty() ? "" : ", ").append("au plus ");
    said.append(shown_quantity(treatment.daily_maximum())).append(" par jour");
  }
  if (treatment.dosage().empty()) return said;
  return said.empty() ? treatment.dosage() : treatment.dosage() + "\n(" + said + ")";
}

std::string row_anchor(std::string_view prefix, size_t number) {
  return std::string(prefix).append("-").append(std::to_string(number));
}

void LetterNarrative::lines(std::string_view text) {
  while (true) {
    xml_.text(next_line(text));
    if (text.empty()) return;
    xml_.raw("<br/>");
  }
}

void LetterNarrative::paragraphs(std::string_view text) {
  bool open = false;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (blank(line)) {
      if (open) xml_.close();
      open = false;
      continue;
    }
    if (open) {
      xml_.raw("<br/>");
    } else {
      xml_.open("paragraph");
    }
    xml_.text(line);
    open = true;
  }
  if (open) xml_.close();
}

void LetterNarrative::paragraph(std::string_view id, std::string_view text) {
  xml_.open("paragraph").open("content").attribute("ID", id);
  lines(text);
  xml_.close().close();
}

void LetterNarrative::bold_paragraph(std::string_view text) {
  xml_.raw("<paragraph><content styleCode=\"Bold\">").text(text).raw("</content></paragraph>");
}

void LetterNarrative::open_facts() { xml_.raw("<table border=\"0\"><tbody>"); }

void LetterNarrative::fact(std::string_view label, std::string_view id, std::string_view text) {
  xml_.raw("<tr><td>").text(label).raw("</td><td>").open("content").attribute("ID", id);
  lines(text);
  xml_.close().raw("</td></tr>");
}

void LetterNarrative::close_facts() { xml_.raw("</tbody></table>"); }

void LetterNarrative::table_of_cells(std::string_view caption, std::string_view prefix,
                                     std::span<const Heading> headings, std::span<const std::string> cells) {
  if (cells.empty()) return;
  const size_t width = headings.size();
  std::vector<bool> used(width);
  used[0] = true;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i].empty()) used[i % width] = true;
  }
  xml_.raw("<table border=\"1\">");
  if (!caption.empty()) xml_.element("caption", caption);
  xml_.raw("<thead><tr>");
  for (size_t i = 0; i < width; ++i) {
    if (used[i]) xml_.raw("<th>").text(headings[i].text).raw("</th>");
  }
  xml_.raw("</tr></thead><tbody>");
  for (size_t row = 0; row < cells.size() / width; ++row) {
    const std::string anchor = row_anchor(prefix, row + 1);
    xml_.raw("<tr ID=\"").raw(anchor).raw("\">");
    for (size_t i = 0; i < width; ++i) {
      if (used[i]) table_cell(anchor, headings[i].anchor, cells[row * width + i]);
    }
    xml_.raw("</tr>");
  }
  xml_.raw("</tbody></table>");
}

void LetterNarrative::table_cell(std::string_view row, std::string_view anchor, std::string_view text) {
  xml_.raw("<td>");
  if (anchor.empty() || text.empty()) {
    lines(text);
  } else {
    xml_.raw("<content ID=\"").raw(row).raw("-").raw(anchor).raw("\">");
    lines(text);
    xml_.raw("</content>");
  }
  xml_.raw("</td>");
}

}  // namespace psl
