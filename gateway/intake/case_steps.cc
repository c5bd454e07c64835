#include "gateway/intake/case_steps.h"

#include <map>

#include "gateway/care/circle.h"
#include "gateway/intake/case_book.h"
#include "gateway/intake/kinds.h"
#include "gateway/intake/person_identity.h"

namespace psl {
namespace {

// Nothing for a state that was tampered with: it verified, so that is a fault of ours.
Uuid delivery_of(const stored::OrientationCase& orientation, int proposal) {
  const auto id = Uuid::from_raw(orientation.proposals(proposal).delivery_id());
  PSL_CHECK(id.has_value());
  return *id;
}

MoveDelivery withdrawal(const stored::OrientationCase& orientation, int proposal, Instant now) {
  const bool taken = orientation.proposals(proposal).state() == v1::PROPOSAL_STATE_TAKEN;
  return {delivery_of(orientation, proposal), now, Happening::cancelled,
          taken ? "PROPOSAL_TAKEN" : "PROPOSAL_WITHDRAWN", now};
}

}  // namespace

Result<CaseStep> orientation_case_step(Ledger& ledger, Sealer& sealer, std::string_view tenant,
                                       const std::optional<CaseRow>& before,
                                       const care::OrientationStep& step, Instant now) {
  const stored::OrientationCase& state = step.state;
  const auto event_id = Uuid::from_raw(state.event_id());
  PSL_CHECK(event_id.has_value());
  const CaseBook book(ledger, sealer);
  const Uuid id = case_id_of(orientation_kind, tenant, state.event_id());
  auto change = book.change({orientation_kind, tenant, id, *event_id}, before, state);
  if (!change.ok()) return std::move(change).error();
  const auto macs = person_macs(sealer, tenant, state.event().subject());
  if (!macs.ok()) return macs.error();
  change->wake_at = step.wake_at;
  change->attention = step.attention;
  // Who must look at it is told until somebody accepts or it ends, whatever else happens.
  if (before && step.attention.empty() && step.open && step.visible != v1::OrientationUpdate::ACCEPTED)
    change->attention = before->attention;
  // What is over lets another one begin, so it does not come back in its way.
  change->open = step.open && (!before || before->open);
  change->subject = care::subject_of(state.event().orientation());
  change->person_macs = macs->both();

  CaseStep out;
  out.at = now;
  out.tenant = tenant;
  out.cases.push_back(std::move(*change));
  for (const int i : step.release) out.releases.push_back({delivery_of(state, i), now});
  for (const int i : step.withdraw) out.moves.push_back(withdrawal(state, i, now));
  for (const int i : step.expire)
    out.moves.push_back({delivery_of(state, i), now, Happening::proposal_expired, "PROPOSAL_EXPIRED", now});
  for (const int i : step.hand_over)
    out.moves.push_back({delivery_of(state, i), now, Happening::given_up, "GIVE_UP_AT_PASSED", now});
  if (!step.audit.empty()) out.audit.push_back(step.audit);
  return out;
}

Status add_orientation_change(PreparedEvent& event, const IntakeSeams& seams,
                              const std::optional<CaseRow>& before, const care::OrientationStep& step) {
  auto made = orientation_case_step(*seams.ledger, *seams.sealer, event.tenant->config.name(), before, step,
                                    event.accepted_at);
  if (!made.ok()) return std::move(made).error();
  // Those of a new orientation are in the event itself.
  if (!before) made->releases.clear();
  event.step.at = event.accepted_at;
  event.step.tenant = std::move(made->tenant);
  for (CaseChange& one : made->cases) event.step.cases.push_back(std::move(one));
  for (const ReleaseDelivery& one : made->releases) event.step.releases.push_back(one);
  for (MoveDelivery& one : made->moves) event.step.moves.push_back(std::move(one));
  for (std::string& one : made->audit) event.step.audit.push_back(std::move(one));
  return {};
}

bool may_pass(const Error& error) {
  switch (error.code) {
    case ErrorCode::input_output:
    case ErrorCode::busy:
    case ErrorCode::store_unavailable:
    case ErrorCode::draining:
    case ErrorCode::deadline:
    case ErrorCode::case_changed:
    // A tenant that is not configured, or a key that is not there, at the moment.
    case ErrorCode::not_found:
    case ErrorCode::crypto:
      return true;
    default:
      return false;
  }
}

Result<ProposalDeliveries> proposal_deliveries(Ledger& ledger, const stored::OrientationCase& orientation) {
  const auto event_id = Uuid::from_raw(orientation.event_id());
  PSL_CHECK(event_id.has_value());
  const auto row = ledger.event(*event_id);
  if (!row.ok()) return row.error();
  std::map<Uuid, const DeliveryRow*> known;
  for (const DeliveryRow& one : row->deliveries) known[one.due.id] = &one;
  ProposalDeliveries found;
  for (int i = 0; i < orientation.proposals_size(); ++i) {
    const auto it = known.find(delivery_of(orientation, i));
    found.states.push_back(it == known.end() ? DeliveryState::handed_over : it->second->due.state);
    found.left_at.push_back(it == known.end() ? Instant{} : it->second->delivered_at);
  }
  return found;
}

Result<bool> has_lost_consent(Ledger& ledger, Sealer& sealer, std::string_view tenant,
                              const stored::OrientationCase& orientation, Instant now) {
  if (orientation.event().legal_basis() != v1::LEGAL_BASIS_CONSENT) return false;
  const auto macs = person_macs(sealer, tenant, orientation.event().subject());
  if (!macs.ok()) return macs.error();
  stored::CircleCase circle;
  const auto row = CaseBook(ledger, sealer).read(case_id_of(circle_kind, tenant, macs->key()), circle);
  if (!row.ok()) return row.error();
  return !circle.consents().empty() && !care::consent_holds(circle, now);
}

}  // namespace psl
