// What a level 1 document needs beyond the rules that intake checks, and the defaults that complete it.
#pragma once

#include <string_view>

#include "gateway/base/result.h"
#include "gateway/base/uuid.h"

namespace passerelle::v1 {
class CoordinationEvent;
class DocumentMetadata;
class Patient;
}  // namespace passerelle::v1

namespace psl {

// True when the header of a CDA can hold this URI: scheme tel, fax, mailto, http, ftp or mllp, then ASCII
// that needs no escape (CI-SIS ST v1.16 section 3.5.5.12). An https address cannot.
bool telecom_in_cda(std::string_view uri);

// The letter's PDF metadata and the event's subject and source, as they were given: codes within their value
// sets, texts that XML can hold and that are not blank, a patient who has an identifier, an author with a
// known specialty, dates between 1800 and 2200, a version above 1 with what it replaces. field_invalid, with
// paths from the request.
Status check_level_one(const passerelle::v1::CoordinationEvent& event);

// Fills what may be left out, so that nothing is left to guess (document.proto says each default). The
// document id is derived from the event: the same at every retry. A set id that is not given is the document
// id, which the sender knows from the receipt and can name in the next version. Fractions of a second are
// dropped: a CDA has none.
void complete_metadata(const passerelle::v1::CoordinationEvent& event, const Uuid& event_id,
                       passerelle::v1::DocumentMetadata& metadata);
void complete_patient(passerelle::v1::Patient& patient);

}  // namespace psl
