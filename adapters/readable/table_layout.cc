#include "adapters/readable/table_layout.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace psl {
namespace {

constexpr size_t columns_max = 64;
constexpr size_t cells_max = 100'000;
constexpr double padding_x = 3.5;
constexpr double padding_y = 2.2;
// What one column may wish for: a long text must not press short ones into a letter's width.
constexpr double natural_max = 0.6 * text_width;

struct GridCell {
  const ViewCell* cell = nullptr;
  std::vector<Typeset> text;
  size_t row = 0;
  size_t column = 0;
  size_t rows = 1;
  size_t columns = 1;
};

struct ColumnWish {
  double natural = 0;  // every line whole
  double least = 0;    // its longest word whole
  std::string longest_word;
};

std::string_view longest_word_of(const ViewText& text) {
  std::string_view longest;
  for (const ViewRun& run : text) {
    const std::string_view all = run.text;
    for (size_t start = 0; start < all.size();) {
      const size_t end = std::min(all.find_first_of(" \n\t", start), all.size());
      if (end - start > longest.size()) longest = all.substr(start, end - start);
      start = end + 1;
    }
  }
  // A word that long is broken anyway.
  return longest.substr(0, 60);
}

// One table on its way to strips.
class TableLayout {
 public:
  TableLayout(const ViewTable& table, Typesetter& typesetter) : table_(table), typesetter_(typesetter) {}

  Status place_cells();
  void choose_widths();
  void choose_heights();
  TableStrips strips();

 private:
  Status place_cell(const ViewCell& cell, size_t row);
  void wish_for(const GridCell& placed);
  TextStyle style_of(const ViewCell& cell) const { return {.size = text_size_, .bold = cell.heading}; }
  double span_width(const GridCell& cell) const;
  Strip strip_of_rows(size_t first, size_t end, size_t& next_cell);
  void ink_cell(GridCell& cell, double top, Strip& strip);

  const ViewTable& table_;
  Typesetter& typesetter_;
  double text_size_ = 9;
  std::vector<GridCell> cells_;
  // Per column: the first row that no cell from above reaches.
  std::vector<size_t> free_from_;
  std::vector<ColumnWish> wishes_;
  std::vector<double> widths_;
  std::vector<double> lefts_;
  std::vector<double> heights_;
  std::vector<double> tops_;
};

Status TableLayout::place_cells() {
  size_t widest = 0;
  for (const auto& row : table_.rows) {
    size_t columns = 0;
    for (const ViewCell& cell : row) columns += static_cast<size_t>(std::max(cell.columns, 1));
    widest = std::max(widest, columns);
  }
  if (widest > 7) text_size_ = widest > 10 ? 7 : 8;
  for (size_t row = 0; row < table_.rows.size(); ++row) {
    for (const ViewCell& cell : table_.rows[row]) {
      if (Status status = place_cell(cell, row); !status.ok()) return status;
    }
  }
  return {};
}

Status TableLayout::place_cell(const ViewCell& cell, size_t row) {
  size_t column = 0;
  while (column < free_from_.size() && free_from_[column] > row) ++column;
  const auto columns = static_cast<size_t>(std::clamp<int>(cell.columns, 1, columns_max + 1));
  if (column + columns > columns_max) {
    return error_of(ErrorCode::document_invalid, "a table of the readable copy has more than 64 columns");
  }
  if (cells_.size() == cells_max) {
    return error_of(ErrorCode::document_invalid, "a table of the readable copy has more than 100000 cells");
  }
  const size_t rows_left = table_.rows.size() - row;
  const size_t rows = std::min(static_cast<size_t>(std::max(cell.rows, 1)), rows_left);
  if (column + columns > free_from_.size()) {
    free_from_.resize(column + columns);
    wishes_.resize(column + columns);
  }
  for (size_t i = column; i < column + columns; ++i) free_from_[i] = row + rows;
  cells_.push_back({&cell, {}, row, column, rows, columns});
  // A long text takes all that a column can get: it is set when that is known.
  if (!Typesetter::is_long(cell.text))
    cells_.back().text.push_back(typesetter_.set_line(cell.text, style_of(cell)));
  wish_for(cells_.back());
  return {};
}

// A cell over several columns asks for nothing: it takes what they get.
void TableLayout::wish_for(const GridCell& placed) {
  if (placed.columns > 1) return;
  ColumnWish& wish = wishes_[placed.column];
  wish.natural = std::max(wish.natural, placed.text.empty() ? natural_max : placed.text[0].width());
  const std::string_view word = longest_word_of(placed.cell->text);
  if (word.size() > wish.longest_word.size()) wish.longest_word = word;
}

// Each column its longest word, then what is left by how much more each would like.
void TableLayout::choose_widths() {
  double least_sum = 0;
  double natural_sum = 0;
  for (ColumnWish& wish : wishes_) {
    const double word = typesetter_.width_of(wish.longest_word, {.size = text_size_, .bold = true});
    wish.natural = std::clamp(wish.natural, text_size_, natural_max) + 2 * padding_x + 0.5;
    wish.least = std::min(wish.natural, std::max(word, text_size_) + 2 * padding_x + 0.5);
    least_sum += wish.least;
    natural_sum += wish.natural;
  }
  for (const ColumnWish& wish : wishes_) {
    double width = 0;
    if (natural_sum <= text_width) {
      width = wish.natural * text_width / natural_sum;
    } else if (least_sum >= text_width) {
      width = wish.least * text_width / least_sum;
    } else {
      width = wish.least + (wish.natural - wish.least) * (text_width - least_sum) / (natural_sum - least_sum);
    }
    widths_.push_back(width);
  }
  lefts_.resize(widths_.size());
  std::exclusive_scan(widths_.begin(), widths_.end(), lefts_.begin(), 0.0);
}

double TableLayout::span_width(const GridCell& cell) const {
  const auto first = widths_.begin() + static_cast<std::ptrdiff_t>(cell.column);
  return std::accumulate(first, first + static_cast<std::ptrdiff_t>(cell.columns), 0.0);
}

void TableLayout::choose_heights() {
  heights_.assign(table_.rows.size(), text_size_ + 2 * padding_y);
  for (GridCell& cell : cells_) {
    const double width = span_width(cell) - 2 * padding_x;
    if (cell.text.empty()) {
      cell.text = typesetter_.set(cell.cell->text, style_of(*cell.cell), width);
    } else if (cell.text[0].width() > width || cell.text[0].begins_at_right()) {
      // Setting a text again costs as much as the first time, and most cells fit.
      cell.text[0].wrap_to(width);
    }
    if (cell.rows == 1)
      heights_[cell.row] = std::max(heights_[cell.row], height_of(cell.text) + 2 * padding_y);
  }
  // What a cell over several rows needs beyond theirs goes to its last one.
  for (const GridCell& cell : cells_) {
    if (cell.rows == 1) continue;
    const auto first = heights_.begin() + static_cast<std::ptrdiff_t>(cell.row);
    const auto end = first + static_cast<std::ptrdiff_t>(cell.rows);
    const double missing = height_of(cell.text) + 2 * padding_y - std::accumulate(first, end, 0.0);
    if (missing > 0) *(end - 1) += missing;
  }
  tops_.resize(heights_.size() + 1);
  std::inclusive_scan(heights_.begin(), heights_.end(), tops_.begin() + 1);
}

void TableLayout::ink_cell(GridCell& cell, double top, Strip& strip) {
  const double width = span_width(cell);
  const double y = tops_[cell.row] - top;
  const double height = tops_[cell.row + cell.rows] - tops_[cell.row];
  const double x = lefts_[cell.column];
  if (cell.cell->heading) strip.boxes.push_back({x, y, width, height, Tint::pale, true});
  strip.boxes.push_back({x, y, width, height});
  strip.add_text(std::move(cell.text), x + padding_x, y + padding_y);
}

Strip TableLayout::strip_of_rows(size_t first, size_t end, size_t& next_cell) {
  Strip strip;
  strip.height = tops_[end] - tops_[first];
  for (; next_cell < cells_.size() && cells_[next_cell].row < end; ++next_cell) {
    ink_cell(cells_[next_cell], tops_[first], strip);
  }
  return strip;
}

TableStrips TableLayout::strips() {
  TableStrips out;
  // How far the cells of each row reach down.
  std::vector<size_t> reach(table_.rows.size());
  for (const GridCell& cell : cells_) reach[cell.row] = std::max(reach[cell.row], cell.row + cell.rows);
  const auto heading_rows = static_cast<size_t>(std::max(table_.heading_rows, 0));
  size_t next_cell = 0;
  for (size_t first = 0; first < reach.size();) {
    size_t end = first + 1;
    for (size_t row = first; row < end; ++row) end = std::max(end, reach[row]);
    (first < heading_rows ? out.heading : out.rows).push_back(strip_of_rows(first, end, next_cell));
    first = end;
  }
  return out;
}

}  // namespace

Result<TableStrips> lay_out_table(const ViewTable& table, Typesetter& typesetter) {
  TableLayout layout(table, typesetter);
  if (Status status = layout.place_cells(); !status.ok()) return status.error();
  layout.choose_widths();
  layout.choose_heights();
  return layout.strips();
}

}  // namespace psl
