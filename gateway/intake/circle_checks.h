// The rules of circle.proto.
#pragma once

#include "gateway/base/env.h"
#include "gateway/intake/faults.h"

namespace passerelle::v1 {
class CoordinationEvent;
class Tenant;
}  // namespace passerelle::v1

namespace psl {

// The event's enrolment, as it stands alone: its protocol is one of the tenant's, dates and reasons fit the
// status, members and criteria are there once. What came before it is gateway/care's to judge.
void check_enrolment(const passerelle::v1::CoordinationEvent& event, const passerelle::v1::Tenant& tenant,
                     Instant now, FaultList& faults);

// The event's change of circle, as it stands alone.
void check_circle_change(const passerelle::v1::CoordinationEvent& event, const passerelle::v1::Tenant& tenant,
                         Instant now, FaultList& faults);

}  // namespace psl
