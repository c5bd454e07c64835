// What a document that we write needs beyond the rules that intake checks, and the defaults that complete it.
#pragma once

#include <string_view>

#include "adapters/formats/field_check.h"
#include "gateway/base/uuid.h"

namespace passerelle::v1 {
class CoordinationEvent;
class DocumentMetadata;
class Patient;
class Professional;
}  // namespace passerelle::v1

namespace psl {

// True when the header of a CDA can hold this URI: scheme tel, fax, mailto, http, ftp or mllp, then ASCII
// that needs no escape (CI-SIS ST v1.16 section 3.5.5.12). An https address cannot.
bool telecom_in_cda(std::string_view uri);

// The metadata of the event's `pdf` or `structured` letter; null for another content.
const passerelle::v1::DocumentMetadata* metadata_of(const passerelle::v1::CoordinationEvent& event);

// The metadata of a `pdf` or `structured` letter and the event's subject and source, as they were given:
// codes within their value sets, texts that XML can hold and that are not blank, people with a name and the
// identifier that the header wants, lists within their bounds, dates between 1800 and 2200, a version above 1
// with what it replaces; of a structured letter, its one type and the end of its stay (the model dates the
// discharge with it). Issues: what a CDA header cannot hold and leaves out, a newborn whose mother nobody
// names.
void check_document(const passerelle::v1::CoordinationEvent& event, FieldCheck& check);

// The same of an event whose document we make (event_metadata.h has the defaults): `given` are its metadata
// at `path`, empty when there are none; without authors there, `author` is the one, who stands in
// event.source.professional; null: nobody can be.
void check_made_document(const passerelle::v1::CoordinationEvent& event, const FieldPath& path,
                         const passerelle::v1::DocumentMetadata& given,
                         const passerelle::v1::Professional* author, FieldCheck& check);

// Fills what may be left out, so that nothing is left to guess (document.proto says each default). The
// document id is derived from the event: the same at every retry. A set id that is not given is the document
// id, which the sender knows from the receipt and can name in the next version. Fractions of a second are
// dropped: a CDA has none. The metadata were checked.
void complete_metadata(const passerelle::v1::CoordinationEvent& event, const Uuid& event_id,
                       passerelle::v1::DocumentMetadata& metadata);
void complete_patient(passerelle::v1::Patient& patient);

}  // namespace psl
