// A bundle so conditioned that nothing newer is overwritten. All pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/fhir/judgement.h"

namespace psl {

// What to ask a server about all that `sent` updates, one type of resource in one question, 40 identifiers at
// most: "/Task?identifier=<a>,<b>&_count=100&_elements=...".
std::vector<std::string> questions_of(const SentBundle& sent);
// The same about the one resource of `search`.
std::string question_about(std::string_view search);

// `held` is a later state of what `ours` is a state of: by the tag that fhir/care_bundle.h gives to each. One
// without it is as old as can be.
bool is_newer(const fhir::KnownResource& held, const fhir::KnownResource& ours);

// `body` as it may leave to a server that holds `held`, which is what it found for questions_of(sent):
//  - what it lacks is made (POST, ifNoneExist), and `sent` says so: what appears there meanwhile stays;
//  - what it has is replaced in that version of it (PUT Type/id, ifMatch; R4, http.html#concurrency): when it
//    changes meanwhile, the whole transaction fails;
//  - what it has in a later state is left (POST, ifNoneExist, which finds it).
// What it has twice, or without an id and a version, is updated as `body` says.
std::string with_conditions(std::string_view body, SentBundle& sent,
                            const std::vector<fhir::KnownResource>& held);

}  // namespace psl
