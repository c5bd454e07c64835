// A transaction of resources that have a state: an orientation, an enrolment, a care circle. All of it is
// kept, or nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fhir/json_value.h"
#include "gateway/base/env.h"
#include "gateway/sandbox/arrivals.h"
#include "gateway/sandbox/findings.h"

namespace psl {

// It updates something, or has no part of a Provide Document Bundle, which never does.
bool is_about_resources(fhir::Value bundle);

// Conditional creates (POST with ifNoneExist), conditional updates (PUT to Type?identifier=system|value) and
// updates of a version (PUT to Type/id, ifMatch) of any type of resource; what is the same already keeps its
// version. The transaction-response, one entry
// per entry; empty when `findings` says why nothing was kept. No validator.
std::string keep_resources(fhir::Value bundle, Arrivals& arrivals, Env& env, Findings& findings);

// "system|value" of "identifier=system|value", decoded; nothing when the query says anything else besides.
std::optional<std::string> identifier_condition(std::string_view query);

}  // namespace psl
