// What stands on the pages of a readable copy before it is drawn: strips of text, boxes and symbols, laid one
// under the other. Lengths are points (1/72 inch); y grows downwards.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "adapters/readable/ins_symbol.h"
#include "adapters/readable/typesetter.h"
#include "gateway/base/result.h"

namespace psl {

constexpr double points_per_mm = 72 / 25.4;
constexpr double paper_width = 210 * points_per_mm;
constexpr double paper_height = 297 * points_per_mm;
constexpr double paper_margin = 18 * points_per_mm;
constexpr double paper_foot = 22 * points_per_mm;
constexpr double text_width = paper_width - 2 * paper_margin;
constexpr double text_height = paper_height - paper_margin - paper_foot;
constexpr size_t copy_pages_max = 200;

enum class Tint { black, grey, light, accent, pale };

struct InkText {
  Typeset text;
  double x = 0;
  double y = 0;
  Tint tint = Tint::black;
};

struct InkBox {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
  Tint tint = Tint::light;
  // A thin outline, or the whole area.
  bool filled = false;
};

struct InkSymbol {
  InsSymbol symbol;
  double x = 0;
  double y = 0;
  double module = 0;
};

// The width of the text, and as high as it says; positions are from its top left.
struct Strip {
  double height = 0;
  // Above it, except at the top of a page.
  double gap = 0;
  // Goes to the page of the strip that follows.
  bool keep_with_next = false;
  // May go on on the next page between any two lines; otherwise only when it is higher than a page.
  bool divisible = false;
  std::vector<InkBox> boxes;
  std::vector<InkText> texts;
  std::vector<InkSymbol> symbols;

  // Says where the text ends below.
  double add_text(std::vector<Typeset> pieces, double x, double y, Tint tint = Tint::black);
};

// The part [from, to) of a strip, its top at y of the text area.
struct StripPart {
  const Strip* strip = nullptr;
  double y = 0;
  double from = 0;
  double to = 0;
};
using PaperPage = std::vector<StripPart>;

// Lays strips on pages, in their order.
class Paper {
 public:
  // One without height is left out. document_invalid beyond `copy_pages_max` pages.
  Status add(Strip strip);
  // A table: its heading is laid now, and again at the top of each page until end_table().
  Status begin_table(std::vector<Strip> heading);
  void end_table() { running_head_.clear(); }
  // Lays what still waits for a strip to follow. Valid as long as this object.
  Result<const std::vector<PaperPage>*> finish();

 private:
  double room() const { return text_height - y_; }
  bool page_is_fresh() const { return y_ <= page_start_; }
  Status new_page();
  Status lay(const Strip& strip);
  Status lay_in_parts(const Strip& strip);
  void lay_part(const Strip& strip, double from, double to);

  std::deque<Strip> strips_;  // at addresses that stay
  std::vector<const Strip*> waiting_;
  std::vector<const Strip*> running_head_;
  std::vector<PaperPage> pages_{1};
  double y_ = 0;
  double page_start_ = 0;  // under the running head
};

}  // namespace psl
