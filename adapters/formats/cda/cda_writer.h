// Writes a level 1 CDA R2 document: a French header around a PDF. CI-SIS, volet Structuration minimale v1.16,
// sections 3.1 and 3.5; IHE XDS-SD (ITI TF-3, 5.2).
#pragma once

#include <string>
#include <string_view>

#include "adapters/formats/calendar.h"

namespace passerelle::v1 {
class DocumentMetadata;
class Patient;
}  // namespace passerelle::v1

namespace psl {

// All that the document says; everything outlives the call.
struct LevelOneInput {
  // Complete and checked (document_check.h): nothing is defaulted here.
  const passerelle::v1::Patient& patient;
  const passerelle::v1::DocumentMetadata& metadata;
  // OID of the document replaced; empty when none.
  std::string_view replaces;
  // A PDF, at most 30 MiB.
  std::string_view pdf;
  // In which dates are written.
  const TimeZone& zone;
};

// Pure: the same input gives the same bytes.
std::string write_level_one(const LevelOneInput& input);

}  // namespace psl
