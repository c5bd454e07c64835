// What the answers of a FHIR server come to. All pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/answer.h"
#include "gateway/core/outcome.h"
#include "gateway/net/https.h"

namespace psl {

// What a bundle that is sent says of itself, to read the answers by.
struct SentEntry {
  std::string type;
  // Of an update: its request.url ("Task?identifier=..."), and what it says. Empty of a conditional create.
  std::string url = {};
  fhir::KnownResource resource = {};
  // It must be made, for the server had nothing of it when it was asked.
  bool is_made = false;
};
struct SentBundle {
  // In their order.
  std::vector<SentEntry> entries;
  // The resource that `search` finds.
  fhir::KnownResource subject;
};

// `body`: a transaction written by us; `search`: the request.url of one of its entries. No entries when it is
// none.
SentBundle read_sent(std::string_view body, std::string_view search);

// They share an identifier.
bool is_same_resource(const fhir::KnownResource& one, const fhir::KnownResource& other);

// The answer to the transaction (R4, http.html#transaction-response). accepted: each entry, in order, says
// 200 or 201 without an error. An entry that failed decides by its status, which is the outcome's code:
// everything is conditional, so what was done of the rest may be done again. try_later, too, when something
// that had to be made was there already: another transaction came between.
Outcome judge_transaction(const HttpsExchange& exchange, const std::vector<SentEntry>& entries);

// The answer to a search: adds to `found` what it found. Nothing, or why the server could not say (unknown).
std::optional<Outcome> judge_found(const HttpsExchange& exchange, std::vector<fhir::KnownResource>& found);

// The answer to a search for `subject`. accepted: the server has it, as of this event (ALREADY_THERE) or of a
// later one only (SUPERSEDED); try_later (NOT_THERE): it has not, or an older state only; unknown: the server
// could not say.
//
// A state is told by the tags of fhir/care_bundle.h. A server that keeps none is believed by identifier and
// status.
Outcome judge_presence(const HttpsExchange& exchange, const fhir::KnownResource& subject);

}  // namespace psl
