// What a document that replaces another inherits of it: who may see it, and how confidential it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/seams.h"
#include "gateway/core/store.h"
#include "passerelle/v1/event.pb.h"

namespace psl {

struct Restrictions {
  v1::Visibility visibility;
  // UNSPECIFIED is the same as NORMAL.
  v1::Confidentiality confidentiality = v1::CONFIDENTIALITY_UNSPECIFIED;
};

// Those of the newest event of the tenant that carries this document, whoever sent it: they protect the
// patient. Nothing when none does. Errors as Sealer::open: a document whose restrictions cannot be read is
// not replaced.
Result<std::optional<Restrictions>> restrictions_of(std::string_view tenant, std::string_view document_id,
                                                    Ledger& ledger, Sealer& sealer);

// Gives an event that says nothing of visibility the flags of the one replaced; tells what one that does say
// lifts.
void inherit_visibility(const Restrictions& replaced, v1::CoordinationEvent& event,
                        std::vector<v1::Issue>& issues);

// The same for a confidentiality that the sender may leave to us; `path` is that of `confidentiality`.
void inherit_confidentiality(const Restrictions& replaced, v1::DocumentMetadata& metadata,
                             const std::string& path, std::vector<v1::Issue>& issues);

// For a document that is never changed: only tells.
void tell_lower_confidentiality(const Restrictions& replaced, v1::Confidentiality confidentiality,
                                const std::string& path, std::vector<v1::Issue>& issues);

}  // namespace psl
