// The document of a discharge letter, with what it inherits of the one that it replaces.
#pragma once

#include "gateway/intake/prepared_event.h"

namespace psl {

// Fills header and document. Without a ledger nothing is inherited.
Status prepare_letter(PreparedEvent& event, const IntakeSeams& seams);

}  // namespace psl
