// The kinds of entries of the French models: templates and parts that go together. Internal to the checking
// of a CDA. Source: TCDA, official samples and profiles.
#pragma once

#include "adapters/formats/cda/cda_header.h"

namespace psl {

// Any element of an entry; one without a known templateId breaks nothing here.
void check_entry_kind(const XmlElement& element, CdaNotes& notes);

}  // namespace psl
