// Reads the narrative block of a section into blocks. Internal to the view of a document: document_view.h is
// the door. Source: HL7 CDA R2, NarrativeBlock.xsd.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/formats/view/document_view.h"
#include "adapters/formats/xml_parser.h"

namespace psl {

// What the view of a document could not show.
enum class Omission { image, deleted_text, stray_text, direction_mark, pdf_copy };

// What the reading of one document shares: what was left out, and how much text was handled.
class ViewNotes {
 public:
  void leave_out(Omission what) { ++counts_[static_cast<size_t>(what)]; }
  // One French sentence for each kind.
  std::vector<std::string> sentences() const;

  // False once more than 4 MiB were handled: nothing more is worth reading.
  bool spend(size_t bytes);
  bool overspent() const { return spent_ > text_bytes_max; }

 private:
  static constexpr size_t text_bytes_max = size_t{4} << 20U;
  std::array<int, 5> counts_{};
  size_t spent_ = 0;
};

// Text in the making: white space collapses as in a browser, line ends stay, and the marks that turn the
// direction of writing by force are taken out, since a dose would read backwards.
class FlowingText {
 public:
  explicit FlowingText(ViewNotes& notes) : notes_(notes) {}

  // `style.text` is not read.
  void add(std::string_view text, const ViewRun& style);
  void break_line();
  // The same, unless nothing stands on this line yet.
  void new_line();
  // What was gathered; empty again afterwards.
  ViewText take();

 private:
  char last() const { return runs_.empty() ? '\n' : runs_.back().text.back(); }
  void append(std::string_view bytes, const ViewRun& style);
  // From the end.
  void trim(std::string_view characters);

  ViewNotes& notes_;
  ViewText runs_;
};

// All text of an element, on one line.
std::string line_of(const XmlElement& element, ViewNotes& notes);

// section/text. Whatever is no narrative markup is read through: its text is shown.
std::vector<ViewBlock> read_narrative(const XmlElement& text, ViewNotes& notes);

// Of all its runs and cells.
size_t characters_of(const ViewBlock& block);

}  // namespace psl
