// The rules of an event that need no document and no partner: shapes, ranges, identities, who with whom.
#pragma once

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/core/checked.h"
#include "gateway/intake/faults.h"

namespace passerelle::v1 {
class SubmitEventRequest;
class Tenant;
}  // namespace passerelle::v1

namespace psl {

// The smallest checks, which come before anybody's rights: idempotency key, tenant name, a kind. Pure.
Status check_envelope(const passerelle::v1::SubmitEventRequest& request);

// Every other rule of event.proto, recipient.proto, identity.proto and document.proto but those on value
// sets; of letter.proto, which content comes with what; of orientation.proto and circle.proto, all that an
// event tells by itself, without what is known already. For events from outside. `now` only bounds times.
// Pure; thread safe.
Status check_event(const passerelle::v1::SubmitEventRequest& request, const passerelle::v1::Tenant& tenant,
                   Environment environment, Instant now);

}  // namespace psl
