// Why a delivery is where it is, in French, for a coordinator: no name, no address, no clinical content.
#pragma once

#include <string_view>

namespace psl {

// A sentence for a reason of reasons.def; a general one for a reason that it does not know.
std::string_view french_reason(std::string_view reason);

}  // namespace psl
