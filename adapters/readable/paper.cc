#include "adapters/readable/paper.h"

#include <algorithm>
#include <string>
#include <utility>

namespace psl {
namespace {

// Two lines of text: less is not left alone at the foot of a page.
constexpr double least_part = 27;
constexpr double rounding = 0.01;

// The largest y in (from, from + room] that crosses no line of a text; `from` when there is none.
double cut_of(const Strip& strip, const std::vector<LineSpan>& lines, double from, double room) {
  double cut = std::min(strip.height, from + room);
  for (bool moved = true; moved && cut > from;) {
    moved = false;
    for (const LineSpan& line : lines) {
      if (line.top < cut - rounding && line.bottom > cut + rounding) {
        cut = line.top;
        moved = true;
      }
    }
  }
  return std::max(cut, from);
}

std::vector<LineSpan> lines_of_strip(const Strip& strip) {
  std::vector<LineSpan> lines;
  for (const InkText& text : strip.texts) {
    for (const LineSpan& line : text.text.lines()) lines.push_back({text.y + line.top, text.y + line.bottom});
  }
  for (const InkSymbol& each : strip.symbols) {
    lines.push_back({each.y, each.y + each.module * static_cast<double>(each.symbol.side)});
  }
  return lines;
}

}  // namespace

double Strip::add_text(std::vector<Typeset> pieces, double x, double y, Tint tint) {
  const double bottom = y + height_of(pieces);
  for (Typeset& piece : pieces) {
    const double next = y + piece.height() + piece_gap;
    texts.push_back({std::move(piece), x, y, tint});
    y = next;
  }
  return bottom;
}

Status Paper::add(Strip strip) {
  if (strip.height <= 0) return {};
  strips_.push_back(std::move(strip));
  const Strip& added = strips_.back();
  if (added.keep_with_next) {
    waiting_.push_back(&added);
    return {};
  }
  const bool whole = !added.divisible && added.height <= text_height - page_start_;
  double needed = added.gap + (whole ? added.height : std::min(added.height, least_part));
  for (const Strip* strip_before : waiting_) needed += strip_before->gap + strip_before->height;
  if (needed > room() && !page_is_fresh()) {
    if (Status status = new_page(); !status.ok()) return status;
  }
  for (const Strip* strip_before : std::exchange(waiting_, {})) {
    if (Status status = lay(*strip_before); !status.ok()) return status;
  }
  return lay(added);
}

Status Paper::begin_table(std::vector<Strip> heading) {
  double height = 0;
  std::vector<const Strip*> kept;
  for (Strip& strip : heading) {
    height += strip.height;
    strip.keep_with_next = true;
    if (Status status = add(std::move(strip)); !status.ok()) return status;
    kept.push_back(&strips_.back());
  }
  // A heading that takes the page leaves none for what it heads.
  if (height <= text_height / 3) running_head_ = std::move(kept);
  return {};
}

Result<const std::vector<PaperPage>*> Paper::finish() {
  for (const Strip* strip : std::exchange(waiting_, {})) {
    if (Status status = lay(*strip); !status.ok()) return status.error();
  }
  return &pages_;
}

Status Paper::new_page() {
  if (pages_.size() == copy_pages_max) {
    return error_of(ErrorCode::document_invalid,
                    "the readable copy would have more than " + std::to_string(copy_pages_max) + " pages");
  }
  pages_.emplace_back();
  y_ = 0;
  page_start_ = 0;
  // Not while the heading itself waits for the first row.
  if (waiting_.empty()) {
    for (const Strip* strip : running_head_) lay_part(*strip, 0, strip->height);
  }
  page_start_ = y_;
  return {};
}

Status Paper::lay(const Strip& strip) {
  if (!page_is_fresh()) y_ += strip.gap;
  if (strip.height <= room() + rounding) {
    lay_part(strip, 0, strip.height);
    return {};
  }
  const bool fits_a_page = strip.height <= text_height - page_start_;
  if (!strip.divisible && fits_a_page && !page_is_fresh()) {
    if (Status status = new_page(); !status.ok()) return status;
    lay_part(strip, 0, strip.height);
    return {};
  }
  return lay_in_parts(strip);
}

Status Paper::lay_in_parts(const Strip& strip) {
  const std::vector<LineSpan> lines = lines_of_strip(strip);
  for (double from = 0; from < strip.height - rounding;) {
    double to = cut_of(strip, lines, from, room());
    // Not one line alone on the page after.
    const double rest = strip.height - to;
    if (rest > rounding && rest < least_part && to - from > 2 * least_part) {
      to = cut_of(strip, lines, from, strip.height - least_part - from);
    }
    if (to > from) {
      lay_part(strip, from, to);
      from = to;
    } else if (page_is_fresh()) {
      return error_of(ErrorCode::document_invalid, "a line of the readable copy is higher than a page");
    }
    if (from < strip.height - rounding) {
      if (Status status = new_page(); !status.ok()) return status;
    }
  }
  return {};
}

void Paper::lay_part(const Strip& strip, double from, double to) {
  pages_.back().push_back({&strip, y_, from, to});
  y_ += to - from;
}

}  // namespace psl
