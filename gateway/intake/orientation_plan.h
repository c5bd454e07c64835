// A new orientation: whom it asks, in which order, with which right to answer, and the case that begins with
// it.
#pragma once

#include "gateway/base/result.h"
#include "gateway/intake/prepared_event.h"

namespace psl {

// Before routing. Appends the candidates, named by the event or chosen from the tenant's list, to the
// recipients. field_invalid for a recipient whom the chosen list names too: one address gets one message of
// an event.
Status add_candidates(PreparedEvent& event);

// After routing: asks the first, or all, gives each person and structure a link and a code, and opens the
// case. A preview shows a fixed word instead of links and codes.
Status begin_orientation(PreparedEvent& event, const IntakeSeams& seams, bool for_preview);

}  // namespace psl
