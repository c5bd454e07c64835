// Checks an IHE XDM archive and its METADATA.XML against the documents inside: xdm_rules.def is what they are
// held to. The header of a CDA is what counts; METADATA.XML only repeats it.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "adapters/formats/cda/cda_reader.h"
#include "adapters/formats/xml_parser.h"

namespace psl {

// A file beside METADATA.XML.
struct XdmDocument {
  // Without folders: "DOC0001.XML".
  std::string_view name;
  std::string_view content;
  // What read_cda says of a CDA; null for any other file and for a CDA that it refuses.
  const passerelle::internal::v1::DocumentHeader* header = nullptr;
};

struct XdmSet {
  std::span<const XdmDocument> documents;
  // False: documents may be elsewhere, and one that is not here is not compared.
  bool complete = true;
  // False: `hash` was made from these very bytes a moment ago, and only its form is looked at.
  bool verify_hash = true;
};

// Who must not see the documents.
struct XdmMasks {
  bool professionals = false;
  bool patient = false;
};

// Of METADATA.XML: at most 2 MiB and 20,000 elements.
Result<XmlTree> parse_xdm_metadata(std::string_view bytes);

// The structure of METADATA.XML, and every attribute against the CDA that it is about. Issues name the XDS
// attribute: "ExtrinsicObject[1]/typeCode". Of more than 100 documents, the first 100. Thread safe.
XdmMasks check_xdm_metadata(const XmlTree& metadata, const XdmSet& set,
                            std::vector<passerelle::v1::Issue>& issues);

// The files that METADATA.XML names, as it names them.
std::vector<std::string_view> xdm_uris(const XmlTree& metadata);

// What was found in an archive, for who compares it with a mail.
struct XdmFacts {
  // Of the CDAs that could be read, in the archive's order.
  std::vector<passerelle::internal::v1::DocumentHeader> headers;
  // Those inside CDAs of level 1.
  std::vector<Bytes> pdfs;
  XdmMasks masks;
};

// The whole archive: its tree, each set's METADATA.XML, and each CDA by itself (check_cda). Issues name files
// by position, since a name may be a patient's: "set[1]/METADATA.XML/ExtrinsicObject[1]/hash". Thread safe.
XdmFacts check_xdm(std::string_view zip, const CdaReadOptions& options,
                   std::vector<passerelle::v1::Issue>& issues);

// For what we wrote ourselves: `internal` with the codes of its errors ("METADATA.XML: XDM_URI_WRONG"),
// success when there is none.
Status fault_of_ours(std::string_view what, const std::vector<passerelle::v1::Issue>& issues);

}  // namespace psl
