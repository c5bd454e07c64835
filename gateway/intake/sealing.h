// A prepared event, sealed into the one command that makes it owed.
#pragma once

#include <string>

#include "gateway/intake/prepared_event.h"

namespace psl {

// What the ledger keeps of it, in clear.
stored::StoredEvent stored_event(const PreparedEvent& event);

// Errors as Sealer's and Adapter::address.
Result<AcceptEvent> seal_event(const PreparedEvent& event, const Principal& principal,
                               std::string content_mac, const IntakeSeams& seams);

}  // namespace psl
