// Text set in lines. Lengths are points (1/72 inch).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/formats/view/document_view.h"
#include "adapters/readable/fonts.h"

struct _PangoLayout;

namespace psl {

enum class TextAlign { start, centre, end };

struct TextStyle {
  double size = 10;
  bool bold = false;
  bool italic = false;
  TextAlign align = TextAlign::start;
  // Rather cut with "…" than set on a second line.
  bool one_line = false;
};

struct LineSpan {
  double top = 0;
  double bottom = 0;
};

// Between the pieces of one text, as between its lines.
constexpr double piece_gap = 1.3;

// A text and the lines that it takes.
class Typeset {
 public:
  double width() const { return width_; }
  double height() const { return height_; }
  // Of its first paragraph: read from right to left.
  bool begins_at_right() const;
  // Breaks its lines again to this width, long words too.
  void wrap_to(double width);
  std::vector<LineSpan> lines() const;
  // Where its last line begins, in bytes of its text.
  size_t last_line_start() const;
  _PangoLayout* layout() const { return layout_.get(); }

 private:
  friend class Typesetter;
  struct LayoutUnref {
    void operator()(_PangoLayout* layout) const;
  };
  explicit Typeset(_PangoLayout* layout) : layout_(layout) {}
  void measure();

  std::unique_ptr<_PangoLayout, LayoutUnref> layout_;
  double width_ = 0;
  double height_ = 0;
};

double height_of(const std::vector<Typeset>& pieces);

// One letter's texts, which end before it does; one thread.
class Typesetter {
 public:
  explicit Typesetter(const CopyFonts& fonts) : loan_(fonts) {}

  // Without a width: lines end only where the text has line ends. For texts that are not long.
  Typeset set_line(const ViewText& text, const TextStyle& style);
  // In pieces to be laid `piece_gap` one under the other, as if they were one: Pango's time grows with the
  // square of the length of some texts.
  std::vector<Typeset> set(const ViewText& text, const TextStyle& style, double width);
  std::vector<Typeset> set(std::string_view text, const TextStyle& style, double width);
  // Whether set() makes more than one piece of it.
  static bool is_long(const ViewText& text);
  // Of a text that is not long, or of its beginning.
  double width_of(std::string_view text, const TextStyle& style);

  // Whether a character had to be printed as an empty square, because no font has it.
  bool lacked_a_character() const { return lacked_a_character_; }

 private:
  struct Printable;
  Printable printable(const ViewText& text);
  void append_printable(std::string_view text, std::string& out);
  // Of the bytes [from, to); a width below zero is none.
  Typeset make(const Printable& text, size_t from, size_t to, const TextStyle& style, double width);

  FontLoan loan_;
  bool lacked_a_character_ = false;
};

}  // namespace psl
