// What a structured letter must be so that its CDA is valid: letter.proto's rules, and those of the model
// LDL-SES 2022.01.
#pragma once

#include "adapters/formats/field_check.h"

namespace passerelle::v1 {
class CoordinationEvent;
}

namespace psl {

// Every field of `discharge_letter.structured` but its metadata (document_check.h): texts without control
// characters and within their lengths, dates, codes within their value sets and systems, lists within their
// bounds, what must be there, what excludes what. Paths are those of the request
// ("event.discharge_letter.structured.stay.synthesis"). Issues: a text that looks like markup, a treatment
// that goes on and has no dosage. Pure.
void check_letter(const passerelle::v1::CoordinationEvent& event, FieldCheck& check);

}  // namespace psl
