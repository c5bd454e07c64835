#include "adapters/readable/page_painter.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>

#include <algorithm>
#include <memory>

namespace psl {
namespace {

constexpr double thin_line = 0.5;
constexpr double foot_top = paper_height - paper_foot + 9;

using CairoPtr = std::unique_ptr<cairo_t, decltype(&cairo_destroy)>;
using SurfacePtr = std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)>;

cairo_status_t append_bytes(void* out, const unsigned char* data, unsigned int length) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(data), length);
  return CAIRO_STATUS_SUCCESS;
}

void use_tint(cairo_t* cairo, Tint tint) {
  switch (tint) {
    case Tint::black:
      return cairo_set_source_rgb(cairo, 0, 0, 0);
    case Tint::grey:
      return cairo_set_source_rgb(cairo, 0.36, 0.38, 0.42);
    case Tint::light:
      return cairo_set_source_rgb(cairo, 0.66, 0.69, 0.73);
    case Tint::accent:
      return cairo_set_source_rgb(cairo, 0.08, 0.25, 0.42);
    case Tint::pale:
      return cairo_set_source_rgb(cairo, 0.91, 0.935, 0.96);
  }
}

void paint_box(cairo_t* cairo, const InkBox& box, const StripPart& part) {
  const double top = std::max(box.y, part.from);
  const double bottom = std::min(box.y + box.height, part.to);
  if (bottom < top || (bottom == top && box.height > 0)) return;
  use_tint(cairo, box.tint);
  cairo_rectangle(cairo, box.x, top, box.width, bottom - top);
  if (box.filled) return cairo_fill(cairo);
  cairo_set_line_width(cairo, thin_line);
  cairo_stroke(cairo);
}

void paint_text(cairo_t* cairo, const InkText& text, const StripPart& part) {
  PangoLayout* layout = text.text.layout();
  use_tint(cairo, text.tint);
  if (text.y >= part.from && text.y + text.text.height() <= part.to) {
    cairo_move_to(cairo, text.x, text.y);
    return pango_cairo_show_layout(cairo, layout);
  }
  const std::unique_ptr<PangoLayoutIter, decltype(&pango_layout_iter_free)> at(pango_layout_get_iter(layout),
                                                                               &pango_layout_iter_free);
  do {
    PangoRectangle line;
    pango_layout_iter_get_line_extents(at.get(), nullptr, &line);
    const double top = text.y + pango_units_to_double(line.y);
    // The paper cuts between lines, so that one which begins here is whole here.
    if (top < part.from - 0.02 || top >= part.to - 0.02) continue;
    cairo_move_to(cairo, text.x + pango_units_to_double(line.x),
                  text.y + pango_units_to_double(pango_layout_iter_get_baseline(at.get())));
    pango_cairo_show_layout_line(cairo, pango_layout_iter_get_line_readonly(at.get()));
  } while (pango_layout_iter_next_line(at.get()) != FALSE);
}

// One path for all modules: separate squares would leave light seams between them.
void paint_symbol(cairo_t* cairo, const InkSymbol& ink) {
  const InsSymbol& symbol = ink.symbol;
  for (size_t row = 0; row < symbol.side; ++row) {
    for (size_t column = 0; column < symbol.side;) {
      size_t end = column;
      while (end < symbol.side && symbol.at(row, end)) ++end;
      if (end > column) {
        cairo_rectangle(cairo, ink.x + ink.module * static_cast<double>(column),
                        ink.y + ink.module * static_cast<double>(row),
                        ink.module * static_cast<double>(end - column), ink.module);
      }
      column = end + 1;
    }
  }
  use_tint(cairo, Tint::black);
  cairo_fill(cairo);
}

void paint_part(cairo_t* cairo, const StripPart& part) {
  cairo_save(cairo);
  cairo_translate(cairo, paper_margin, paper_margin + part.y - part.from);
  for (const InkBox& box : part.strip->boxes) paint_box(cairo, box, part);
  for (const InkText& text : part.strip->texts) paint_text(cairo, text, part);
  for (const InkSymbol& symbol : part.strip->symbols) {
    if (symbol.y >= part.from && symbol.y < part.to) paint_symbol(cairo, symbol);
  }
  cairo_restore(cairo);
}

void paint_line(cairo_t* cairo, const std::vector<Typeset>& line, double x, double y) {
  cairo_move_to(cairo, x, y);
  pango_cairo_show_layout(cairo, line.front().layout());
}

// What is the same at the foot of every page.
struct PageFoot {
  std::vector<Typeset> patient;
  std::vector<Typeset> reference;
  std::vector<Typeset> origin;
};

void paint_foot(cairo_t* cairo, const PageFoot& foot, const std::vector<Typeset>& number) {
  use_tint(cairo, Tint::grey);
  cairo_set_line_width(cairo, thin_line);
  cairo_move_to(cairo, paper_margin, foot_top);
  cairo_line_to(cairo, paper_margin + text_width, foot_top);
  cairo_stroke(cairo);
  paint_line(cairo, foot.patient, paper_margin, foot_top + 4);
  paint_line(cairo, number, paper_margin, foot_top + 4);
  paint_line(cairo, foot.reference, paper_margin, foot_top + 16);
  paint_line(cairo, foot.origin, paper_margin, foot_top + 26);
}

}  // namespace

Result<std::string> paint_pages(const std::vector<PaperPage>& pages, const DocumentView& view,
                                Typesetter& typesetter) {
  std::string pdf;
  const SurfacePtr surface(
      cairo_pdf_surface_create_for_stream(&append_bytes, &pdf, paper_width, paper_height),
      &cairo_surface_destroy);
  cairo_pdf_surface_restrict_to_version(surface.get(), CAIRO_PDF_VERSION_1_4);
  {
    const CairoPtr cairo(cairo_create(surface.get()), &cairo_destroy);
    const PageFoot foot{
        typesetter.set(view.patient_line, {.size = 8, .bold = true, .one_line = true}, text_width - 70),
        typesetter.set(view.reference, {.size = 7.5, .one_line = true}, text_width),
        typesetter.set(view.origin, {.size = 7.5, .italic = true}, text_width)};
    for (size_t i = 0; i < pages.size(); ++i) {
      for (const StripPart& part : pages[i]) paint_part(cairo.get(), part);
      const std::string number = "page " + std::to_string(i + 1) + "/" + std::to_string(pages.size());
      paint_foot(cairo.get(), foot, typesetter.set(number, {.size = 8, .align = TextAlign::end}, text_width));
      cairo_show_page(cairo.get());
    }
    if (cairo_status(cairo.get()) != CAIRO_STATUS_SUCCESS) {
      return error_of(ErrorCode::internal, "the pages of the readable copy could not be drawn");
    }
  }
  cairo_surface_finish(surface.get());
  if (cairo_surface_status(surface.get()) != CAIRO_STATUS_SUCCESS) {
    return error_of(ErrorCode::internal, "the pages of the readable copy could not be drawn");
  }
  return pdf;
}

}  // namespace psl
