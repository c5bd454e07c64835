// What a FHIR server answers, reduced to what decides an outcome: codes, never its words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/json_value.h"

namespace psl::fhir {

// One OperationOutcome.issue. `severity`: fatal, error, warning, information; `code`: R4,
// valueset-issue-type.html; `detail`: details.coding.code, where MHD puts its warnings. Never `diagnostics`
// or `details.text`, which may quote anything.
struct Issue {
  std::string severity;
  std::string code;
  std::string detail;

  bool is_error() const { return severity == "fatal" || severity == "error"; }
};

// The issues of an OperationOutcome; nothing when it is another resource. At most 100 are read.
std::optional<std::vector<Issue>> read_issues(Value resource);

// One entry of a transaction-response. `status`: 201 of "201 Created", 0 when there is none. `type`: of the
// resource that its location names; empty when it names none.
struct EntryAnswer {
  int status = 0;
  std::vector<Issue> issues;
  std::string type;
};

// The entries of a Bundle of type transaction-response, in their order; nothing when it is another resource.
std::optional<std::vector<EntryAnswer>> read_transaction_response(Value resource);

// A DocumentReference that a search found.
struct FoundDocument {
  std::string urn;  // masterIdentifier.value
  // Lower-case hexadecimal SHA-1 of content[0].attachment; empty when the server says none.
  std::string sha1;
};

struct SearchAnswer {
  std::vector<FoundDocument> documents;
  // There are further pages: what is not among `documents` may still be there.
  bool has_more = false;
};

// The DocumentReferences of a Bundle of type searchset; nothing when it is another resource.
std::optional<SearchAnswer> read_search(Value resource);

// By what a resource of any type is known again. At most 20 000 identifiers and tags are read.
struct KnownResource {
  std::string type;
  // "system|value" each.
  std::vector<std::string> identifiers;
  // Of meta.tag: "system|code" each.
  std::vector<std::string> tags;
  std::string status;
  // On the server: of Type/id, and of this state of it (meta.versionId). Empty where it says none.
  std::string id = {};
  std::string version = {};
};
KnownResource read_known(Value resource);

struct ResourceSearch {
  std::vector<KnownResource> resources;
  // There are further pages: what is not among `resources` may still be there.
  bool has_more = false;
};

// The resources of a Bundle of type searchset, but for OperationOutcomes; nothing when it is another
// resource.
std::optional<ResourceSearch> read_resource_search(Value resource);

}  // namespace psl::fhir
