#include "adapters/formats/cda/cda_writer.h"

#include "adapters/formats/cda/cda_header_writer.h"
#include "adapters/formats/xml_writer.h"
#include "gateway/base/bytes.h"

namespace psl {
namespace {

constexpr size_t header_bytes_hint = 16384;

}  // namespace

std::string write_level_one(const LevelOneInput& input) {
  // base64 takes four bytes for three.
  XmlWriter xml(input.pdf.size() / 3 * 4 + header_bytes_hint);
  write_cda_header(xml, {input.patient, input.metadata, input.replaces, input.zone}, CdaLevel::one);
  xml.open("component").open("nonXMLBody").open("text");
  xml.attribute("mediaType", "application/pdf").attribute("representation", "B64");
  xml.raw(base64_encode(input.pdf));
  return xml.finish();
}

}  // namespace psl
