// Writes the header of a French CDA R2 document, the same for every level. CI-SIS, volet Structuration
// minimale v1.16, section 3.5.
#pragma once

#include <string_view>

#include "adapters/formats/calendar.h"

namespace passerelle::v1 {
class DocumentMetadata;
class Patient;
}  // namespace passerelle::v1

namespace psl {

class XmlWriter;

enum class CdaLevel {
  one,    // a file in a nonXMLBody: IHE XDS-SD
  three,  // the discharge letter LDL-SES 2022.01
};

// Everything outlives the call.
struct CdaHeaderInput {
  // Complete and checked (document_check.h): nothing is defaulted here.
  const passerelle::v1::Patient& patient;
  const passerelle::v1::DocumentMetadata& metadata;
  // OID of the document replaced; empty when none.
  std::string_view replaces;
  // In which dates are written.
  const TimeZone& zone;
};

// Opens ClinicalDocument, which stays open, and writes all that comes before its component. At level three
// the prefix xsi is declared for the body.
void write_cda_header(XmlWriter& xml, const CdaHeaderInput& input, CdaLevel level);

}  // namespace psl
