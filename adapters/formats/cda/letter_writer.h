// Writes a level 3 CDA R2 document: a discharge letter from fields. Model LDL-SES 2022.01 (templateId
// 1.2.250.1.213.1.1.1.29); CI-SIS, volet Structuration minimale v1.16.
#pragma once

#include <string>
#include <string_view>

#include "adapters/formats/calendar.h"
#include "gateway/base/uuid.h"

namespace passerelle::v1 {
class DocumentMetadata;
class Patient;
class StructuredLetter;
}  // namespace passerelle::v1

namespace psl {

// All that the document says; everything outlives the call.
struct LetterInput {
  // Complete and checked (letter_check.h, document_check.h): nothing is defaulted here. `letter.metadata` is
  // not read: `metadata` is its completed form.
  const passerelle::v1::Patient& patient;
  const passerelle::v1::DocumentMetadata& metadata;
  const passerelle::v1::StructuredLetter& letter;
  // OID of the document replaced; empty when none.
  std::string_view replaces;
  // The identifiers of sections and entries derive from it.
  Uuid event_id;
  // In which dates are written.
  const TimeZone& zone;
};

// Pure: the same input gives the same bytes.
std::string write_letter(const LetterInput& input);

}  // namespace psl
