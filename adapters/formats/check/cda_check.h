// Checks a CDA R2 document from anywhere against all the rules of cda_rules.def.
#pragma once

#include <string_view>
#include <vector>

#include "adapters/formats/cda/cda_reader.h"

namespace psl {

// What read_cda tells, and what it refuses a document for too: never fails. The worst first, those of one
// level as they were found. `options.field` is not used. Pure; thread safe.
std::vector<passerelle::v1::Issue> check_cda(std::string_view bytes, const CdaReadOptions& options);

}  // namespace psl
