// The rules of a CDA header that its reading does not need: what every element of it may be. Internal to the
// checking of a CDA: cda_check.h is the door. Source: CI-SIS, volet Structuration minimale v1.16,
// sections 3.5.1 to 3.5.5.
#pragma once

#include "adapters/formats/cda/cda_header.h"

namespace psl {

// `root` is a ClinicalDocument.
void check_cda_header(const XmlElement& root, CdaNotes& notes);

}  // namespace psl
