// A step of an orientation, as what it does to the ledger: its case, the proposals that it releases and
// withdraws.
#pragma once

#include <optional>

#include "gateway/care/orientation.h"
#include "gateway/intake/prepared_event.h"

namespace psl {

// From `before` (nothing: it begins) to what `step` says. The subject and the person go with every change, so
// that none is lost.
Result<CaseStep> orientation_case_step(Ledger& ledger, Sealer& sealer, std::string_view tenant,
                                       const std::optional<CaseRow>& before,
                                       const care::OrientationStep& step, Instant now);

// The same, into an event.
Status add_orientation_change(PreparedEvent& event, const IntakeSeams& seams,
                              const std::optional<CaseRow>& before, const care::OrientationStep& step);

// How the proposals' deliveries stand, in the order of the proposals; one that never was is handed over.
struct ProposalDeliveries {
  std::vector<DeliveryState> states;
  // 0: not delivered.
  std::vector<Instant> left_at;
};
Result<ProposalDeliveries> proposal_deliveries(Ledger& ledger, const stored::OrientationCase& orientation);

// The orientation rests on a consent of the patient that has ended.
Result<bool> has_lost_consent(Ledger& ledger, Sealer& sealer, std::string_view tenant,
                              const stored::OrientationCase& orientation, Instant now);

// Whether what failed may succeed later by itself; what does not would be tried again for ever.
bool may_pass(const Error& error);

}  // namespace psl
