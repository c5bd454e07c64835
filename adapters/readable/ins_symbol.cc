#include "adapters/readable/ins_symbol.h"

#include <dmtx.h>

#include <memory>
#include <string>

namespace psl {
namespace {

struct EncoderDestroy {
  void operator()(DmtxEncode* encoder) const { dmtxEncodeDestroy(&encoder); }
};

}  // namespace

std::optional<InsSymbol> make_ins_symbol(std::string_view text) {
  // The largest symbol holds 3116 digits; the library fails late beyond.
  constexpr size_t text_bytes_max = 1500;
  if (text.empty() || text.size() > text_bytes_max) return std::nullopt;
  const std::unique_ptr<DmtxEncode, EncoderDestroy> encoder(dmtxEncodeCreate());
  if (encoder == nullptr) return std::nullopt;
  dmtxEncodeSetProp(encoder.get(), DmtxPropScheme, DmtxSchemeAscii);
  dmtxEncodeSetProp(encoder.get(), DmtxPropSizeRequest, DmtxSymbolSquareAuto);
  dmtxEncodeSetProp(encoder.get(), DmtxPropModuleSize, 1);
  dmtxEncodeSetProp(encoder.get(), DmtxPropMarginSize, 0);
  std::string bytes(text);
  const DmtxPassFail encoded = dmtxEncodeDataMatrix(encoder.get(), static_cast<int>(bytes.size()),
                                                    reinterpret_cast<unsigned char*>(bytes.data()));
  if (encoded != DmtxPass) return std::nullopt;
  const int size = encoder->region.sizeIdx;
  const int side = dmtxGetSymbolAttribute(DmtxSymAttribSymbolRows, size);
  InsSymbol symbol;
  symbol.side = static_cast<size_t>(side);
  symbol.dark.reserve(symbol.side * symbol.side);
  for (int row = side - 1; row >= 0; --row) {  // the library counts rows from below
    for (int column = 0; column < side; ++column) {
      const int status = dmtxSymbolModuleStatus(encoder->message, size, row, column);
      symbol.dark.push_back((status & DmtxModuleOnRGB) != 0);
    }
  }
  return symbol;
}

}  // namespace psl
