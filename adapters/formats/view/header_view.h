// What a reader sees of a CDA's header. Internal to the view of a document: document_view.h is the door.
// Nothing here fails: what the header does not say is not shown.
#pragma once

#include "adapters/formats/view/document_view.h"
#include "adapters/formats/view/narrative.h"
#include "adapters/formats/xml_parser.h"

namespace psl {

// Title, sender, addressees, date, signature, reference.
void view_envelope(const XmlElement& root, DocumentView& view, ViewNotes& notes);

// Identity, its status and its Datamatrix. RNIV 1 section 4.10.
void view_patient(const XmlElement& root, DocumentView& view, ViewNotes& notes);

// Stay and participants.
void view_facts(const XmlElement& root, DocumentView& view, ViewNotes& notes);

}  // namespace psl
