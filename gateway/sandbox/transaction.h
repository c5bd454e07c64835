// A Provide Document Bundle [ITI-65]: all of it is kept, or nothing.
#pragma once

#include <string>

#include "fhir/json_value.h"
#include "gateway/base/env.h"
#include "gateway/sandbox/arrivals.h"
#include "gateway/sandbox/findings.h"
#include "gateway/sandbox/publication.h"

namespace psl {

// The transaction-response, one entry per entry; empty when `findings` says why nothing was kept.
std::string provide_documents(fhir::Value bundle, Arrivals& arrivals, Env& env, Findings& findings);

// Keeps one document under a new number: the same for both transactions.
int64_t keep_document(fhir::Value reference, Publication publication, std::string form, Arrivals& arrivals,
                      Env& env);
// What `reference` replaces becomes superseded.
void supersede(const Arrival& old, Arrivals& arrivals);

}  // namespace psl
