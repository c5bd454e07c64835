// The rules of recipient.proto: who may be a recipient, a candidate, a member, and at which address.
#pragma once

#include <set>
#include <string>

#include "gateway/intake/faults.h"

namespace passerelle::v1 {
class Candidate;
class CircleMember;
class CoordinationEvent;
class Tenant;
}  // namespace passerelle::v1

namespace psl {

// Addresses in the form in which two are compared.
using AddressSet = std::set<std::string>;

// The event's recipients: how many its kind needs, which targets it may have, no two with one address. The
// addresses of those without fault.
AddressSet check_recipients(const passerelle::v1::CoordinationEvent& event,
                            const passerelle::v1::Tenant& tenant, FaultList& faults);

// A candidate, whose address is not among `taken`, to which it is added.
void check_candidate(const passerelle::v1::Candidate& candidate, const passerelle::v1::Tenant& tenant,
                     const std::string& path, AddressSet& taken, FaultList& faults);

// Who a member is. The mailbox, or nothing: a member may have none. `needs_id`: a health professional or
// structure.
std::string check_member_target(const passerelle::v1::CircleMember& member,
                                const passerelle::v1::Tenant& tenant, bool needs_id, const std::string& path,
                                FaultList& faults);

}  // namespace psl
