// The rules of orientation.proto.
#pragma once

#include "gateway/base/env.h"
#include "gateway/intake/recipient_checks.h"

namespace psl {

// The event's orientation: what each kind needs, dates, and whom to ask, who is none of the `recipients`.
void check_orientation(const passerelle::v1::CoordinationEvent& event, const passerelle::v1::Tenant& tenant,
                       const AddressSet& recipients, Instant now, FaultList& faults);

// The event's update, as somebody outside may send it: what each step needs, and nothing that follows from
// the orientation. Whether the step is possible now is gateway/care's to say.
void check_orientation_update(const passerelle::v1::CoordinationEvent& event, FaultList& faults);

}  // namespace psl
