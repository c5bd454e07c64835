#include "gateway/core/reasons.h"

namespace psl {

std::string_view french_reason(std::string_view reason) {
#define PSL_REASON(name, text) \
  if (reason == name) return text;
#include "gateway/core/reasons.def"
#undef PSL_REASON
  return "L'envoi n'a pas abouti : voir le motif technique.";
}

}  // namespace psl
