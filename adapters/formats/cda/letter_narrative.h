// The narrative of a letter's sections: what a doctor reads. HL7 CDA R2, narrative block. No code is shown.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace passerelle::v1 {
class Treatment;
}

namespace psl {

class XmlWriter;

// "2026-11-18" as "18/11/2026", "2026-11" as "11/2026"; a year stays, and so does the empty text.
std::string french_day(std::string_view date);

// Dose and frequency: the prescriber's words, then what the fields say, one line each.
std::string dosage_of(const passerelle::v1::Treatment& treatment);

// The ID of row `number` (from 1) of a table: "trt-1". Its cells have IDs too, where a column names them:
// "trt-1-nom".
std::string row_anchor(std::string_view prefix, size_t number);

// A column of a table whose lines tell things of one kind.
template <typename Row>
struct NarrativeColumn {
  std::string_view heading;
  std::string (*cell)(const Row&);
  // What ends the ID of its cells; empty: they have none.
  std::string_view anchor{};
};

// Writes into the `text` that its user opened. Texts are written as they are; a line end becomes <br/>.
class LetterNarrative {
 public:
  explicit LetterNarrative(XmlWriter& xml) : xml_(xml) {}

  void lines(std::string_view text);
  // A blank line ends a paragraph.
  void paragraphs(std::string_view text);
  // One paragraph, that an entry refers to by `id`.
  void paragraph(std::string_view id, std::string_view text);
  void bold_paragraph(std::string_view text);

  // A table of two columns: open, fact..., close.
  void open_facts();
  void fact(std::string_view label, std::string_view id, std::string_view text);
  void close_facts();

  // One line for each of `rows`, with IDs from `prefix`. A column that is empty in all of them is left out,
  // except the first. Nothing without rows.
  template <typename Row>
  void table(std::string_view caption, std::string_view prefix, const std::vector<const Row*>& rows,
             std::span<const NarrativeColumn<Row>> columns) {
    std::vector<Heading> headings;
    std::vector<std::string> cells;
    cells.reserve(rows.size() * columns.size());
    for (const auto& column : columns) headings.push_back({column.heading, column.anchor});
    for (const Row* row : rows) {
      for (const auto& column : columns) cells.push_back(column.cell(*row));
    }
    table_of_cells(caption, prefix, headings, cells);
  }

 private:
  struct Heading {
    std::string_view text;
    std::string_view anchor;
  };
  void table_of_cells(std::string_view caption, std::string_view prefix, std::span<const Heading> headings,
                      std::span<const std::string> cells);
  void table_cell(std::string_view row, std::string_view anchor, std::string_view text);

  XmlWriter& xml_;
};

}  // namespace psl
