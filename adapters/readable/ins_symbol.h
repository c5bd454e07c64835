// The INS as a Datamatrix (ISO/IEC 16022, ECC 200) for a printed document.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace psl {

struct InsSymbol {
  // Modules on a side, the finder pattern included, the quiet zone not.
  size_t side = 0;
  // Row by row from the top left: whether it is dark.
  std::vector<bool> dark;

  bool at(size_t row, size_t column) const { return dark[row * side + column]; }
};

// Nothing when the text is empty or too long for the largest symbol. Pure; thread safe.
std::optional<InsSymbol> make_ins_symbol(std::string_view text);

}  // namespace psl
