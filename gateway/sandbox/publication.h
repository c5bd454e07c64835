// Checks a document that is published as PDSm 3.1.1 profiles it (on IHE MHD 4.2.3). Not a validator: what a
// developer gets wrong first, with the place.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "fhir/json_value.h"
#include "gateway/base/bytes.h"
#include "gateway/sandbox/findings.h"

namespace psl {

// Binary resources of the same transaction, by fullUrl.
using Binaries = std::map<std::string, fhir::Value, std::less<>>;

// One document, when nothing was found.
struct Publication {
  std::string document_id;
  std::string type;
  std::string title;
  std::string media_type;
  Bytes content;
  // Base64 of the SHA-1 of the content: Attachment.hash.
  std::string hash;
};

// A DocumentReference of a Provide Document Bundle (pdsm-comprehensive-document-reference): its content is in
// `binaries`.
Publication check_provided(fhir::Value reference, const std::string& path, const Binaries& binaries,
                           Findings& findings);
// The DocumentReference of a Simplified Publish (pdsm-simplified-publish): its content is in the attachment.
Publication check_published(fhir::Value reference, Findings& findings);
// A SubmissionSet (pdsm-submissionset-comprehensive).
void check_submission_set(fhir::Value list, const std::string& path, Findings& findings);

// The value of "identifier=system|value" or "identifier=value", decoded; empty when the query has none, and
// nothing else is understood here.
std::string identifier_of_query(std::string_view query);

}  // namespace psl
