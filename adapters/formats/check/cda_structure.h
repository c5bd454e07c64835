// The rules of a single element wherever it stands: how often, with which parts, attributes and codes. Tables
// say it, so that a rule is a line. Internal to the checking of a CDA: cda_check.h is the door. Sources: HL7
// CDA R2 (cardinalities of POCD_MT000040); CI-SIS, volet Structuration minimale v1.16; TCDA for entries.
#pragma once

#include "adapters/formats/cda/cda_header.h"

namespace psl {

// The element itself and what its children are; not theirs. Not for the narrative of a section.
void check_cda_element(const XmlElement& element, bool in_body, CdaNotes& notes);

}  // namespace psl
