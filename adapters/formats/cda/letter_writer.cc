#include "adapters/formats/cda/letter_writer.h"

#include "adapters/formats/cda/cda_header_writer.h"
#include "adapters/formats/cda/letter_sections.h"
#include "adapters/formats/xml_writer.h"
#include "passerelle/v1/letter.pb.h"

namespace psl {
namespace {

constexpr size_t letter_bytes_hint = 65536;

}  // namespace

std::string write_letter(const LetterInput& input) {
  XmlWriter xml(letter_bytes_hint);
  write_cda_header(xml, {input.patient, input.metadata, input.replaces, input.zone}, CdaLevel::three);
  xml.open("component").open("structuredBody");
  LetterSections(xml, input).write();
  return xml.finish();
}

}  // namespace psl
