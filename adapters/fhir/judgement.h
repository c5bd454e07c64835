// What the answers of a FHIR server come to. All pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fhir/answer.h"
#include "gateway/core/outcome.h"
#include "gateway/net/https.h"

namespace psl {

// What a bundle that is sent says of itself, to read the answers by.
struct SentBundle {
  // Types of the resources, in the order of the entries.
  std::vector<std::string> types;
  // The resource that `search` finds.
  fhir::KnownResource subject;
};

// `body`: a transaction written by us; `search`: the request.url of one of its entries. No types when it is
// none.
SentBundle read_sent(std::string_view body, std::string_view search);

// The answer to the transaction (R4, http.html#transaction-response). accepted: each entry, in order, says
// 200 or 201 without an error. An entry that failed decides by its status, which is the outcome's code:
// everything is conditional, so what was done of the rest may be done again.
Outcome judge_transaction(const HttpsExchange& exchange, const std::vector<std::string>& types);

// The answer to a search for `subject`. accepted (ALREADY_THERE): the server has it, as of this event or
// later; try_later (NOT_THERE): it has not, or an older state only; unknown: the server could not say.
//
// A state is told by the tag of its event. A server that keeps no tags is believed by identifier and status.
Outcome judge_presence(const HttpsExchange& exchange, const fhir::KnownResource& subject);

}  // namespace psl
