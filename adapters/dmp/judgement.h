// What the answer of a repository comes to. All pure.
#pragma once

#include <string_view>

#include "gateway/core/outcome.h"
#include "gateway/net/https.h"

namespace psl {

// A search for a document by its identifier. accepted (ALREADY_THERE): it is there, with this SHA-1
// (lower-case hexadecimal; empty: whatever it holds), or the repository does not say what it holds; rejected
// (DOCUMENT_DIFFERS): another document has the identifier; try_later (NOT_THERE): it is not there; unknown:
// the repository could not say.
Outcome judge_search(const HttpsExchange& exchange, std::string_view urn, std::string_view sha1);

// A Provide Document Bundle [ITI-65] of `entries` entries, the second of which is the DocumentReference.
// Accepted only when each entry says that it was done. ALREADY_THERE: ifNoneExist matched, and what is there
// is still to be compared.
Outcome judge_provide(const HttpsExchange& exchange, size_t entries);

// A Simplified Publish [ITI-105]; ALREADY_THERE as above.
Outcome judge_publish(const HttpsExchange& exchange);

}  // namespace psl
