// A step of an orientation that runs: who may say it, what it comes to, and who is told.
#pragma once

#include "gateway/intake/prepared_event.h"

namespace psl {

// Before routing. `asker` null: the gateway itself. Fills the event from its orientation: whom it is about,
// its recipients, what each is told, and the change of the case. Errors: not_found for an orientation that is
// not there or that the asker may not answer; as care::apply; case_changed when time has nothing to say any
// more; not_supported without a ledger. A preview shows documents, so its asker must own the orientation
// or answer for the candidate: to operate is not enough.
Status plan_update(PreparedEvent& event, const Principal* asker, bool for_preview, const IntakeSeams& seams);

}  // namespace psl
