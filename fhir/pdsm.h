// A document for a repository of PDSm 3.1.1 (ANS "Partage de documents de santé en mobilité", on IHE
// MHD 4.2.3): what METADATA.XML says of it in an archive, said in FHIR R4. Conforms to fr-core 2.1.0, on
// which PDSm 3.1.1 stands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/env.h"
#include "gateway/base/uuid.h"

namespace passerelle::v1 {
class Source;
class Visibility;
}  // namespace passerelle::v1
namespace passerelle::internal::v1 {
class DocumentHeader;
}

namespace psl::fhir {

// In which system N, R and V are coded: JDV_J08 and PDSm's own examples disagree. The masks are of TRE_A07
// always.
enum class LabelSystem { v3_confidentiality, tre_a07 };

// What a submission is made of; everything outlives the call. The same input gives the same bytes.
struct PdsmInput {
  // With a qualified identity: the INS is how the repository finds the record.
  const passerelle::internal::v1::DocumentHeader& header;
  // The document, sent as it is.
  std::string_view cda;
  // Who submits.
  const passerelle::v1::Source& source;
  const passerelle::v1::Visibility& visibility;
  // Every identifier but the document's own derives from it.
  Uuid delivery_id;
  // List.date and DocumentReference.date.
  Instant dated_at;
  LabelSystem label_system = LabelSystem::v3_confidentiality;
  // OID of the document to replace, empty for none. Absent: what the header says.
  std::optional<std::string> replaces = {};
};

// Provide Document Bundle [ITI-65]: a transaction with the SubmissionSet, the DocumentReference, the PATCH of
// the one that it replaces (if any) and the Binary, in this order. Posted to the base of the server. List and
// DocumentReference are made only when their identifiers are not there yet (ifNoneExist), so a repeat makes
// no second one.
std::string write_provide_bundle(const PdsmInput& input);
// Entries of that bundle.
int provide_bundle_entries(const PdsmInput& input);

// Simplified Publish [ITI-105]: one DocumentReference that holds the document. Posted to
// "/DocumentReference".
std::string write_simplified_publish(const PdsmInput& input);

// Neither is larger; writes nothing.
uint64_t pdsm_size_bound(const PdsmInput& input);

// "urn:oid:..." of the document, and of the one that it replaces (empty when none): masterIdentifier.value.
std::string document_urn(const passerelle::internal::v1::DocumentHeader& header);
std::string replaced_urn(const PdsmInput& input);

}  // namespace psl::fhir
