// The rules of a structured body: narrative, references, identifiers, and what the model of the discharge
// letter wants. Internal to the checking of a CDA: cda_check.h is the door. Source: CI-SIS, model LDL-SES
// 2022.01; HL7 CDA R2.
#pragma once

#include "adapters/formats/cda/cda_header.h"

namespace psl {

// `root` is a ClinicalDocument; one without structuredBody breaks nothing here. A document of another model
// than LDL-SES (templateId 1.2.250.1.213.1.1.1.29) is held to the rules of every document.
void check_cda_body(const XmlElement& root, CdaNotes& notes);

}  // namespace psl
