// The metadata of a document that we make of an orientation, an enrolment or a change of a care circle: what
// the sender gave, and the defaults of docs/orientation.md for the rest.
#pragma once

#include "adapters/formats/calendar.h"
#include "adapters/formats/field_check.h"
#include "gateway/base/uuid.h"
#include "passerelle/v1/document.pb.h"

namespace passerelle::v1 {
class CoordinationEvent;
class Tenant;
}  // namespace passerelle::v1
namespace passerelle::internal::v1 {
class Care;
}

namespace psl {

// Everything outlives the call.
struct EventMetadataInput {
  // Any kind but a letter.
  const passerelle::v1::CoordinationEvent& event;
  const passerelle::internal::v1::Care& care;
  const passerelle::v1::Tenant& tenant;
  const TimeZone& zone;
};

// What a document of it needs: the patient, the structure, an author with a specialty of JDV_J01, and what
// was given, each at its path. Issues: what the document does not carry.
void check_event_metadata(const EventMetadataInput& input, FieldCheck& check);

// Checked; complete, as complete_metadata. The author: who sent the event; of an update without such a one (a
// tool's, the gateway's own) the professional who accepted, else the one who asked. The place: SA63 for the
// tenant's own structure, SA07 for a practitioner's, else SA43, a sector not defined: a FINESS does not tell
// a hospital from a health centre.
passerelle::v1::DocumentMetadata event_metadata(const EventMetadataInput& input, const Uuid& event_id);

// As far as they need no document: the title, when, how confidential, who answers for it. No document id.
passerelle::v1::DocumentMetadata minimal_metadata(const EventMetadataInput& input);

}  // namespace psl
