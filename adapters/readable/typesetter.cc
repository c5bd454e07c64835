#include "adapters/readable/typesetter.h"

#include <pango/pangocairo.h>

#include <algorithm>
#include <utility>

namespace psl {
namespace {

// In bytes: about a third of a page.
constexpr size_t piece_bytes = 2000;
constexpr std::string_view empty_square = "\u25A1";

double points(int pango_units) { return static_cast<double>(pango_units) / PANGO_SCALE; }
int pango_units(double length) { return static_cast<int>(length * PANGO_SCALE); }

// Marks without a glyph of their own: joiners, variation selectors, the two directional marks (Unicode,
// Default_Ignorable).
bool is_invisible(char32_t c) {
  return c == 0xAD || c == 0x34F || c == 0x61C || (c >= 0x200B && c <= 0x200F) || c == 0x2060 ||
         (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF;
}

// Embeddings, overrides and isolates (Unicode Annex 9): they can print "10" where the document says "01", and
// letters order themselves without.
bool reorders(char32_t c) { return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x206F); }

void add_attribute(PangoAttrList* list, PangoAttribute* attribute, size_t start, size_t end) {
  attribute->start_index = static_cast<guint>(start);
  attribute->end_index = static_cast<guint>(end);
  pango_attr_list_insert(list, attribute);
}

void add_run_style(PangoAttrList* list, const ViewRun& run, double size, size_t start, size_t end) {
  if (run.bold) add_attribute(list, pango_attr_weight_new(PANGO_WEIGHT_BOLD), start, end);
  if (run.italic) add_attribute(list, pango_attr_style_new(PANGO_STYLE_ITALIC), start, end);
  if (run.underlined) add_attribute(list, pango_attr_underline_new(PANGO_UNDERLINE_SINGLE), start, end);
  if (run.raised != 0) {
    const double rise = size * (run.raised > 0 ? 0.33 : -0.15);
    add_attribute(list, pango_attr_scale_new(0.7), start, end);
    add_attribute(list, pango_attr_rise_new(pango_units(rise)), start, end);
  }
}

bool is_styled(const ViewRun& run) { return run.bold || run.italic || run.underlined || run.raised != 0; }

void set_font(PangoLayout* layout, const TextStyle& style) {
  const std::unique_ptr<PangoFontDescription, decltype(&pango_font_description_free)> font(
      pango_font_description_new(), &pango_font_description_free);
  pango_font_description_set_family_static(font.get(), "Liberation Sans,DejaVu Sans");
  pango_font_description_set_absolute_size(font.get(), style.size * PANGO_SCALE);
  if (style.bold) pango_font_description_set_weight(font.get(), PANGO_WEIGHT_BOLD);
  if (style.italic) pango_font_description_set_style(font.get(), PANGO_STYLE_ITALIC);
  pango_layout_set_font_description(layout, font.get());
}

PangoAlignment pango_alignment(TextAlign align) {
  if (align == TextAlign::centre) return PANGO_ALIGN_CENTER;
  return align == TextAlign::end ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT;
}

}  // namespace

void Typeset::LayoutUnref::operator()(_PangoLayout* layout) const { g_object_unref(layout); }

void Typeset::measure() {
  PangoRectangle logical;
  pango_layout_get_extents(layout_.get(), nullptr, &logical);
  width_ = points(logical.width);
  height_ = points(logical.height);
}

void Typeset::wrap_to(double width) {
  pango_layout_set_width(layout_.get(), pango_units(width));
  measure();
}

bool Typeset::begins_at_right() const {
  const PangoLayoutLine* first = pango_layout_get_line_readonly(layout_.get(), 0);
  return first != nullptr && first->resolved_dir == PANGO_DIRECTION_RTL;
}

std::vector<LineSpan> Typeset::lines() const {
  std::vector<LineSpan> spans;
  const std::unique_ptr<PangoLayoutIter, decltype(&pango_layout_iter_free)> at(
      pango_layout_get_iter(layout_.get()), &pango_layout_iter_free);
  do {
    PangoRectangle logical;
    pango_layout_iter_get_line_extents(at.get(), nullptr, &logical);
    spans.push_back({points(logical.y), points(logical.y + logical.height)});
  } while (pango_layout_iter_next_line(at.get()) != FALSE);
  return spans;
}

size_t Typeset::last_line_start() const {
  const int last = pango_layout_get_line_count(layout_.get()) - 1;
  return static_cast<size_t>(pango_layout_get_line_readonly(layout_.get(), last)->start_index);
}

void Typesetter::append_printable(std::string_view text, std::string& out) {
  const char* at = text.data();
  const char* end = text.data() + text.size();
  while (at < end) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte < 0x80) {
      if (byte >= 0x20 || byte == '\n' || byte == '\t') out += *at;
      ++at;
      continue;
    }
    const gunichar character = g_utf8_get_char_validated(at, end - at);
    const bool valid = character < 0x110000;
    const char* next = valid ? g_utf8_next_char(at) : at + 1;
    if (valid && reorders(character)) {
      at = next;
      continue;
    }
    if (valid && (loan_.fonts().has(character) || is_invisible(character))) {
      out.append(at, next);
    } else {
      out += empty_square;
      lacked_a_character_ = true;
    }
    at = next;
  }
}

// A text as Pango takes it, and which of its bytes each styled run has.
struct Typesetter::Printable {
  struct Run {
    const ViewRun* style = nullptr;
    size_t start = 0;
    size_t end = 0;
  };
  std::string bytes;
  std::vector<Run> runs;
};

Typesetter::Printable Typesetter::printable(const ViewText& text) {
  Printable out;
  for (const ViewRun& run : text) {
    const size_t start = out.bytes.size();
    append_printable(run.text, out.bytes);
    if (is_styled(run)) out.runs.push_back({&run, start, out.bytes.size()});
  }
  return out;
}

Typeset Typesetter::make(const Printable& text, size_t from, size_t to, const TextStyle& style,
                         double width) {
  Typeset set(pango_layout_new(loan_.context()));
  PangoLayout* layout = set.layout();
  const std::unique_ptr<PangoAttrList, decltype(&pango_attr_list_unref)> attributes(pango_attr_list_new(),
                                                                                    &pango_attr_list_unref);
  // A hyphen that the document does not have could be read as one of an identifier.
  pango_attr_list_insert(attributes.get(), pango_attr_insert_hyphens_new(FALSE));
  const auto ends_after = [](size_t at, const Printable::Run& run) { return at < run.end; };
  for (auto run = std::upper_bound(text.runs.begin(), text.runs.end(), from, ends_after);
       run != text.runs.end() && run->start < to; ++run) {
    add_run_style(attributes.get(), *run->style, style.size, std::max(run->start, from) - from,
                  std::min(run->end, to) - from);
  }
  set_font(layout, style);
  pango_layout_set_text(layout, text.bytes.data() + from, static_cast<int>(to - from));
  pango_layout_set_attributes(layout, attributes.get());
  pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_set_spacing(layout, pango_units(piece_gap));
  pango_layout_set_alignment(layout, pango_alignment(style.align));
  if (style.one_line) pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
  if (width >= 0) pango_layout_set_width(layout, pango_units(width));
  set.measure();
  return set;
}

bool Typesetter::is_long(const ViewText& text) {
  size_t bytes = 0;
  for (const ViewRun& run : text) bytes += run.text.size();
  return bytes > piece_bytes;
}

Typeset Typesetter::set_line(const ViewText& text, const TextStyle& style) {
  const Printable all = printable(text);
  return make(all, 0, all.bytes.size(), style, -1);
}

double Typesetter::width_of(std::string_view text, const TextStyle& style) {
  return set_line({ViewRun{std::string(text.substr(0, piece_bytes))}}, style).width();
}

std::vector<Typeset> Typesetter::set(const ViewText& text, const TextStyle& style, double width) {
  const Printable all = printable(text);
  std::vector<Typeset> pieces;
  for (size_t from = 0; from < all.bytes.size() || pieces.empty();) {
    size_t to = std::min(all.bytes.size(), from + piece_bytes);
    while (to < all.bytes.size() && (static_cast<unsigned char>(all.bytes[to]) & 0xC0U) == 0x80U) --to;
    Typeset piece = make(all, from, to, style, width);
    if (to == all.bytes.size() || style.one_line) {
      pieces.push_back(std::move(piece));
      break;
    }
    // Its last line is not full yet: it is the next piece's first one.
    if (const size_t start = piece.last_line_start(); start > 0) {
      to = from + start;
      const bool line_end = all.bytes[to - 1] == '\n';
      piece = make(all, from, line_end ? to - 1 : to, style, width);
    }
    pieces.push_back(std::move(piece));
    from = to;
  }
  return pieces;
}

std::vector<Typeset> Typesetter::set(std::string_view text, const TextStyle& style, double width) {
  return set(ViewText{ViewRun{std::string(text)}}, style, width);
}

double height_of(const std::vector<Typeset>& pieces) {
  double height = -piece_gap;
  for (const Typeset& piece : pieces) height += piece.height() + piece_gap;
  return height;
}

}  // namespace psl
