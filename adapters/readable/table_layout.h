// A table as strips: columns as wide as their content asks for, rows as high as their cells.
#pragma once

#include <vector>

#include "adapters/formats/view/document_view.h"
#include "adapters/readable/paper.h"

namespace psl {

struct TableStrips {
  std::vector<Strip> heading;
  // A row each, or several that a cell holds together.
  std::vector<Strip> rows;
};

// document_invalid above 64 columns or 100,000 cells, and for a table that asks for more than
// `copy_pages_max` pages.
Result<TableStrips> lay_out_table(const ViewTable& table, Typesetter& typesetter);

}  // namespace psl
