// The IHE XDM archive that carries one clinical document by mail: IHE ITI TF-1 section 16, TF-2 section 3.32,
// with the French content of METADATA.XML (CI-SIS ST v1.16 section 3.5.4; volet "transmission d'un document
// CDA-R2", mapping XDS).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/formats/calendar.h"
#include "gateway/base/result.h"
#include "gateway/base/uuid.h"

namespace passerelle::v1 {
class Source;
class Visibility;
}  // namespace passerelle::v1
namespace passerelle::internal::v1 {
class DocumentHeader;
}

namespace psl {

// What an archive is made of; everything outlives the call. The same input gives the same bytes.
struct XdmInput {
  const passerelle::internal::v1::DocumentHeader& header;
  // The document, written as it is. At most 32 MiB.
  std::string_view cda;
  // Who submits the set.
  const passerelle::v1::Source& source;
  const passerelle::v1::Visibility& visibility;
  // Every identifier inside derives from it: two recipients get two submissions of one document.
  Uuid delivery_id;
  // submissionTime, and the date of the files in the archive, there in `zone`.
  Instant dated_at;
  const TimeZone& zone;
  // Of Passerelle, for README.TXT.
  std::string_view product_version;
  // pack_zip() of `cda`, where several archives hold it: the same bytes come out of less work.
  std::string_view packed = {};
};

// IHE_XDM.zip: INDEX.HTM, README.TXT, IHE_XDM/SUBSET01/METADATA.XML, IHE_XDM/SUBSET01/DOC0001.XML.
// `internal` when METADATA.XML, read back, contradicts the header.
Result<std::string> write_xdm(const XdmInput& input);

// No archive of this input is larger; makes no archive.
uint64_t xdm_size_bound(const XdmInput& input);

// METADATA.XML alone: an lcm:SubmitObjectsRequest of ebRS 3.0.
std::string write_xdm_metadata(const XdmInput& input);

}  // namespace psl
