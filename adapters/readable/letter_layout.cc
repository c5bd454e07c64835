#include "adapters/readable/letter_layout.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "adapters/readable/ins_symbol.h"
#include "adapters/readable/table_layout.h"

namespace psl {
namespace {

constexpr double body_size = 10;
constexpr double frame_padding = 7;
// Large enough for any scanner of a ward, small enough for the block (the symbol has about 40 on a side).
constexpr double symbol_module = 0.4 * points_per_mm;
constexpr double quiet_zone = 2 * symbol_module;
constexpr double list_indent = 14;
constexpr int list_depth_max = 8;

// More than its pages hold in any script: marks and spaces take time and no page.
constexpr size_t text_bytes_max = 2'000'000;
// A table of this height is not spread over two pages.
constexpr double small_table = 110;

size_t bytes_of(const ViewText& text) {
  return std::accumulate(text.begin(), text.end(), size_t{0},
                         [](size_t sum, const ViewRun& run) { return sum + run.text.size(); });
}

size_t bytes_of(const ViewBlock& block) {
  size_t bytes = bytes_of(block.text) + bytes_of(block.table.caption);
  for (const auto& row : block.table.rows) {
    for (const ViewCell& cell : row) bytes += bytes_of(cell.text);
  }
  return bytes;
}

size_t bytes_of(const DocumentView& view) {
  size_t bytes = 0;
  for (const auto* facts : {&view.patient, &view.facts}) {
    for (const ViewFact& fact : *facts) bytes += fact.label.size() + fact.value.size();
  }
  for (const ViewSection& section : view.sections) {
    bytes += section.title.size();
    for (const ViewBlock& block : section.blocks) bytes += bytes_of(block);
  }
  return bytes;
}

double height_of(const std::vector<Strip>& strips) {
  return std::accumulate(strips.begin(), strips.end(), 0.0,
                         [](double sum, const Strip& strip) { return sum + strip.height; });
}

class LetterLayout {
 public:
  LetterLayout(const DocumentView& view, Typesetter& typesetter, Paper& paper)
      : view_(view), typesetter_(typesetter), paper_(paper) {}

  Status run();

 private:
  Strip letterhead();
  Strip heading();
  Strip patient();
  double add_symbol(Strip& strip);
  Strip facts();
  Strip section_title(const ViewSection& section);
  Strip paragraph(const ViewBlock& block);
  Strip item(const ViewBlock& block);
  Strip signature();
  Status add_section(const ViewSection& section);
  Status add_table(const ViewTable& table);
  Status add_notes();

  double add_text(Strip& strip, std::string_view text, const TextStyle& style, double x, double y,
                  double width, Tint tint = Tint::black);
  double add_facts(Strip& strip, std::span<const ViewFact> facts, const TextStyle& value_style, double x,
                   double y, double width);

  const DocumentView& view_;
  Typesetter& typesetter_;
  Paper& paper_;
  bool symbol_failed_ = false;
};

// Puts a text into the strip and says where it ends below.
double LetterLayout::add_text(Strip& strip, std::string_view text, const TextStyle& style, double x, double y,
                              double width, Tint tint) {
  return strip.add_text(typesetter_.set(text, style, width), x, y, tint);
}

double LetterLayout::add_facts(Strip& strip, std::span<const ViewFact> facts, const TextStyle& value_style,
                               double x, double y, double width) {
  const TextStyle label_style{.size = value_style.size - 1};
  double labels = 0;
  for (const ViewFact& fact : facts) {
    labels = std::max(labels, typesetter_.width_of(fact.label, label_style));
  }
  labels = std::min(labels + 7, width * 0.42);
  for (const ViewFact& fact : facts) {
    // Half a point lower, so that the two sizes stand on one line.
    const double label = add_text(strip, fact.label, label_style, x, y + 0.9, labels - 4, Tint::grey);
    const double value = add_text(strip, fact.value, value_style, x + labels, y, width - labels);
    y = std::max(label, value) + 1.5;
  }
  return y;
}

Strip LetterLayout::letterhead() {
  Strip strip;
  double left = 0;
  for (size_t i = 0; i < view_.sender.size(); ++i) {
    const TextStyle style{.size = i == 0 ? 12.0 : 9.0, .bold = i == 0};
    left = add_text(strip, view_.sender[i], style, 0, left, text_width * 0.52,
                    i == 0 ? Tint::accent : Tint::grey) +
           1;
  }
  const double x = text_width * 0.56;
  double right = 0;
  if (!view_.addressees.empty()) {
    right = add_text(strip, view_.addressees.size() == 1 ? "Destinataire" : "Destinataires", {.size = 8}, x,
                     1.5, text_width - x, Tint::grey) +
            2;
  }
  for (const std::string& addressee : view_.addressees) {
    right = add_text(strip, addressee, {.size = body_size}, x, right, text_width - x) + 2;
  }
  strip.height = std::max(left, right);
  return strip;
}

Strip LetterLayout::heading() {
  Strip strip;
  strip.gap = 16;
  strip.height = add_text(strip, view_.title, {.size = 15, .bold = true, .align = TextAlign::centre}, 0, 0,
                          text_width, Tint::accent);
  if (!view_.dated.empty()) {
    strip.height = add_text(strip, view_.dated, {.size = 9.5, .align = TextAlign::centre}, 0,
                            strip.height + 3, text_width, Tint::grey);
  }
  return strip;
}

// At the right of the patient's frame; says how much width it takes.
double LetterLayout::add_symbol(Strip& strip) {
  std::optional<InsSymbol> symbol = make_ins_symbol(view_.datamatrix);
  if (!symbol.has_value()) {
    symbol_failed_ = !view_.datamatrix.empty();
    return 0;
  }
  const double side = static_cast<double>(symbol->side) * symbol_module;
  const double x = text_width - frame_padding - quiet_zone - side;
  const double y = frame_padding + quiet_zone;
  strip.symbols.push_back({std::move(*symbol), x, y, symbol_module});
  strip.height = add_text(strip, "INS", {.size = 8, .bold = true, .align = TextAlign::centre}, x,
                          y + side + quiet_zone, side);
  return side + 2 * quiet_zone + frame_padding;
}

Strip LetterLayout::patient() {
  Strip strip;
  if (view_.patient.empty() && view_.identity_status.empty()) return strip;
  strip.gap = 12;
  const double symbol_width = add_symbol(strip);
  const double width = text_width - 2 * frame_padding - symbol_width;
  const double column = (width - 10) / 2;
  const std::span<const ViewFact> all(view_.patient);
  const size_t left_count = (all.size() + 1) / 2;
  double y = add_text(strip, "Patient", {.size = 10.5, .bold = true}, frame_padding, frame_padding - 1, width,
                      Tint::accent) +
             4;
  const TextStyle value_style{.size = 9, .bold = true};
  const double left = add_facts(strip, all.first(left_count), value_style, frame_padding, y, column);
  const double right =
      add_facts(strip, all.subspan(left_count), value_style, frame_padding + column + 10, y, column);
  y = std::max(left, right) + 2;
  if (!view_.identity_status.empty()) {
    y = add_text(strip, view_.identity_status, {.size = 9, .bold = true}, frame_padding, y, width);
  }
  strip.height = std::max(strip.height, y) + frame_padding;
  strip.boxes.push_back({0, 0, text_width, strip.height, Tint::accent, false});
  return strip;
}

Strip LetterLayout::facts() {
  Strip strip;
  strip.gap = 10;
  strip.divisible = true;
  strip.height =
      add_facts(strip, view_.facts, {.size = 9.5}, frame_padding, 0, text_width - 2 * frame_padding);
  return strip;
}

Strip LetterLayout::section_title(const ViewSection& section) {
  Strip strip;
  strip.keep_with_next = true;
  if (section.level <= 1) {
    strip.gap = 13;
    strip.height =
        add_text(strip, section.title, {.size = 11, .bold = true}, 6, 3.5, text_width - 12, Tint::accent) +
        3.5;
    strip.boxes.push_back({0, 0, text_width, strip.height, Tint::pale, true});
    strip.boxes.push_back({0, 0, 2.5, strip.height, Tint::accent, true});
    return strip;
  }
  strip.gap = 8;
  strip.height =
      add_text(strip, section.title,
               {.size = section.level == 2 ? 10.5 : body_size, .bold = true, .italic = section.level > 2}, 0,
               0, text_width, Tint::accent);
  return strip;
}

Strip LetterLayout::paragraph(const ViewBlock& block) {
  Strip strip;
  strip.gap = 5;
  strip.divisible = true;
  strip.height = strip.add_text(typesetter_.set(block.text, {.size = body_size}, text_width), 0, 0);
  return strip;
}

Strip LetterLayout::item(const ViewBlock& block) {
  Strip strip;
  strip.gap = 3;
  strip.divisible = true;
  const double indent = list_indent * std::clamp(block.depth, 1, list_depth_max);
  const double marker = typesetter_.width_of(block.marker, {.size = body_size});
  const double x = std::max(indent, indent - list_indent + marker + 6);
  add_text(strip, block.marker, {.size = body_size}, indent - list_indent + 3, 0, x - indent + list_indent,
           Tint::accent);
  strip.height = strip.add_text(typesetter_.set(block.text, {.size = body_size}, text_width - x), x, 0);
  return strip;
}

Strip LetterLayout::signature() {
  Strip strip;
  strip.gap = 18;
  const double x = text_width * 0.35;
  strip.height = add_text(strip, view_.signature, {.size = body_size, .bold = true, .align = TextAlign::end},
                          x, 0, text_width - x);
  return strip;
}

Status LetterLayout::add_table(const ViewTable& table) {
  Result<TableStrips> strips = lay_out_table(table, typesetter_);
  if (!strips.ok()) return strips.error();
  constexpr double gap = 6;
  if (!table.caption.empty()) {
    Strip caption;
    caption.gap = gap;
    caption.keep_with_next = true;
    caption.height =
        caption.add_text(typesetter_.set(table.caption, {.size = 9.5, .bold = true}, text_width), 0, 0) + 3;
    if (Status status = paper_.add(std::move(caption)); !status.ok()) return status;
  } else if (std::vector<Strip>& first = strips->heading.empty() ? strips->rows : strips->heading;
             !first.empty()) {
    first.front().gap = gap;
  }
  if (Status status = paper_.begin_table(std::move(strips->heading)); !status.ok()) return status;
  if (height_of(strips->rows) <= small_table) {
    for (size_t i = 0; i + 1 < strips->rows.size(); ++i) strips->rows[i].keep_with_next = true;
  }
  for (Strip& strip : strips->rows) {
    if (Status status = paper_.add(std::move(strip)); !status.ok()) return status;
  }
  paper_.end_table();
  return {};
}

Status LetterLayout::add_section(const ViewSection& section) {
  if (!section.title.empty()) {
    if (Status status = paper_.add(section_title(section)); !status.ok()) return status;
  }
  for (const ViewBlock& block : section.blocks) {
    Status status;
    switch (block.kind) {
      case ViewBlock::Kind::paragraph:
        status = paper_.add(paragraph(block));
        break;
      case ViewBlock::Kind::item:
        status = paper_.add(item(block));
        break;
      case ViewBlock::Kind::table:
        status = add_table(block.table);
        break;
    }
    if (!status.ok()) return status;
  }
  return {};
}

Status LetterLayout::add_notes() {
  std::vector<std::string> notes = view_.left_out;
  if (symbol_failed_) {
    notes.emplace_back("Le Datamatrix de l'INS n'a pas pu être imprimé.");
  }
  if (typesetter_.lacked_a_character()) {
    notes.emplace_back("Des caractères sans équivalent dans les polices de cette copie y figurent comme □.");
  }
  if (notes.empty()) return {};
  Strip strip;
  strip.gap = 18;
  for (const std::string& note : notes) {
    strip.height =
        add_text(strip, note, {.size = 8, .italic = true}, 0, strip.height, text_width, Tint::grey) + 2;
  }
  strip.divisible = true;
  return paper_.add(std::move(strip));
}

Status LetterLayout::run() {
  if (bytes_of(view_) > text_bytes_max) {
    return error_of(ErrorCode::document_invalid,
                    "the readable copy would have more text than its pages hold");
  }
  for (Strip (LetterLayout::*part)() :
       {&LetterLayout::letterhead, &LetterLayout::heading, &LetterLayout::patient, &LetterLayout::facts}) {
    if (Status status = paper_.add((this->*part)()); !status.ok()) return status;
  }
  for (const ViewSection& section : view_.sections) {
    if (Status status = add_section(section); !status.ok()) return status;
  }
  if (!view_.signature.empty()) {
    if (Status status = paper_.add(signature()); !status.ok()) return status;
  }
  return add_notes();
}

}  // namespace

Status lay_out_letter(const DocumentView& view, Typesetter& typesetter, Paper& paper) {
  return LetterLayout(view, typesetter, paper).run();
}

}  // namespace psl
