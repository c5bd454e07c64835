#include "gateway/intake/circle_plan.h"

#include <algorithm>
#include <set>

#include "gateway/care/enrolment.h"
#include "gateway/intake/case_book.h"
#include "gateway/intake/kinds.h"
#include "gateway/intake/times.h"

namespace psl {
namespace {

constexpr std::string_view without_address = "MEMBER_WITHOUT_ADDRESS";

v1::Recipient recipient_of_member(const v1::CircleMember& member) {
  v1::Recipient recipient;
  if (member.has_person()) {
    *recipient.mutable_person() = member.person();
  } else {
    *recipient.mutable_structure() = member.structure();
  }
  return recipient;
}

std::string_view outcome_name(v1::RoutingDecision::Outcome outcome) {
  if (outcome == v1::RoutingDecision::FULL) return "full";
  return outcome == v1::RoutingDecision::REDUCED ? "reduced" : "nothing";
}

std::string audit_of(const v1::RoutingDecision& decision) {
  return "route member=" + decision.member_id() + " rule=" + decision.rule() +
         " outcome=" + std::string(outcome_name(decision.outcome()));
}

// The letter's own document says it, as it was read or written.
v1::Confidentiality confidentiality_now(const PreparedEvent& event) {
  const v1::CoordinationEvent& content = event.request.event();
  return is_letter(content) ? event.header.metadata().confidentiality() : confidentiality_of(content);
}

void describe_protocol(const v1::Protocol& protocol, const v1::PathwayEnrolment& enrolment,
                       stored::Care& to) {
  to.set_protocol_title(protocol.title());
  for (const std::string& code : enrolment.criteria_met()) {
    const auto found = std::ranges::find(protocol.criteria(), code, &v1::Protocol::Criterion::code);
    to.add_criteria_labels(found == protocol.criteria().end() ? std::string() : found->label());
  }
}

}  // namespace

bool ends_consent(const v1::CoordinationEvent& event) {
  const v1::Consent::Decision decision = event.has_pathway_enrolment()
                                             ? event.pathway_enrolment().consent().decision()
                                             : event.care_circle_change().consent().decision();
  return decision == v1::Consent::REFUSED || decision == v1::Consent::WITHDRAWN;
}

Status CirclePlan::open() {
  if (!seams_.remembers()) return {};
  const std::string& tenant = event_.tenant->config.name();
  auto macs = person_macs(*seams_.sealer, tenant, event_.patient());
  if (!macs.ok()) return std::move(macs).error();
  macs_ = std::move(*macs);
  id_ = case_id_of(circle_kind, tenant, macs_.key());
  auto row = CaseBook(*seams_.ledger, *seams_.sealer).read(id_, circle_);
  if (!row.ok()) return std::move(row).error();
  row_ = std::move(*row);
  if (row_) attention_ = row_->attention;
  return {};
}

Status CirclePlan::take(Result<care::CircleStep> step) {
  if (!step.ok()) return std::move(step).error();
  circle_ = std::move(step->circle);
  changed_ = true;
  // At each address the states of one circle leave in their order: a server must not end with the older one.
  if (row_) event_.follows = row_->event_id;
  attention_.clear();
  *event_.care.mutable_circle() = circle_;
  event_.issues.insert(event_.issues.end(), step->issues.begin(), step->issues.end());
  if (!step->audit.empty()) event_.step.audit.push_back(step->audit);
  if (!step->consent_withdrawn) return {};
  for (const std::string& mac : macs_.both()) {
    if (!mac.empty()) event_.step.consent_withdrawn_of.push_back(mac);
  }
  return {};
}

Status CirclePlan::change() {
  const v1::CoordinationEvent& content = event_.request.event();
  return take(care::change_circle(circle_, content.care_circle_change(), event_.event_id,
                                  instant_of(content.occurred_at())));
}

Status CirclePlan::enrol(const Principal& principal) {
  const v1::CoordinationEvent& content = event_.request.event();
  const v1::PathwayEnrolment& enrolment = content.pathway_enrolment();
  const v1::Tenant& tenant = event_.tenant->config;
  const v1::Protocol* protocol =
      care::find_protocol(tenant, enrolment.protocol_id(), enrolment.protocol_version());
  if (protocol == nullptr)
    return field_error("event.pathway_enrolment.protocol_version",
                       "a protocol and a version of the tenant's configuration expected");
  describe_protocol(*protocol, enrolment, event_.care);
  // Two principals may use the same identifiers.
  std::string comparable = principal.name + "\n" + enrolment.enrolment_id();
  stored::EnrolmentCase before;
  std::optional<CaseRow> row;
  if (seams_.remembers()) {
    auto mac = seams_.sealer->mac(tenant.name(), "enrolment", comparable);
    if (!mac.ok()) return std::move(mac).error();
    comparable = std::move(*mac);
    auto read = CaseBook(*seams_.ledger, *seams_.sealer).read(enrolment_id(comparable), before);
    if (!read.ok()) return std::move(read).error();
    row = std::move(*read);
  }
  if (row) {
    const Status same = check_same_person(before.subject());
    if (!same.ok()) return same;
  }
  const Uuid id = enrolment_id(comparable);
  const Instant at = instant_of(content.occurred_at());
  auto step =
      care::enrol(row ? &before : nullptr, enrolment, content.subject(), *protocol, event_.event_id, at);
  if (!step.ok()) return std::move(step).error();
  if (!step->audit.empty()) event_.step.audit.push_back(step->audit);
  if (seams_.remembers()) {
    auto made = CaseBook(*seams_.ledger, *seams_.sealer)
                    .change({enrolment_kind, tenant.name(), id, event_.event_id}, row, step->state);
    if (!made.ok()) return std::move(made).error();
    made->wake_at = step->wake_at;
    made->attention = step->attention;
    made->open = step->open;
    event_.step.cases.push_back(std::move(*made));
  }
  return take(care::enrol_into_circle(circle_, enrolment, id, event_.event_id, at));
}

Status CirclePlan::check_same_person(const v1::Patient& before) const {
  const auto macs = person_macs(*seams_.sealer, event_.tenant->config.name(), before);
  if (!macs.ok()) return macs.error();
  // Either is enough: an identity may have been qualified, or corrected, since.
  if ((!macs->ins.empty() && macs->ins == macs_.ins) ||
      (!macs->traits.empty() && macs->traits == macs_.traits))
    return {};
  return field_error("event.pathway_enrolment.enrolment_id",
                     "an identifier of this patient's enrolment expected");
}

Uuid CirclePlan::enrolment_id(const std::string& comparable) const {
  return case_id_of(enrolment_kind, event_.tenant->config.name(), comparable);
}

bool CirclePlan::consent_ended() const {
  return !circle_.consents().empty() && !care::consent_holds(circle_, event_.accepted_at);
}

Status CirclePlan::check_consent() {
  const v1::CoordinationEvent& content = event_.request.event();
  // What ends the consent is always taken: a withdrawal that is refused would be the worst of all.
  if (content.legal_basis() != v1::LEGAL_BASIS_CONSENT || ends_consent(content)) return {};
  if (consent_ended()) return error_of(ErrorCode::consent_missing);
  for (int i = 0; i < content.recipients_size(); ++i) event_.on_consent.push_back(i);
  return {};
}

std::vector<care::RoutedMember> CirclePlan::decide(const v1::CoordinationEvent& content,
                                                   v1::Confidentiality confidentiality) const {
  return care::route(circle_, content, confidentiality, event_.accepted_at);
}

Status CirclePlan::route() {
  const v1::CoordinationEvent& content = event_.request.event();
  const bool all_on_consent = content.legal_basis() == v1::LEGAL_BASIS_CONSENT && !ends_consent(content);
  for (care::RoutedMember& routed : decide(content, confidentiality_now(event_))) {
    v1::RoutingDecision& decision = routed.decision;
    decision.set_recipient_index(-1);
    if (decision.rule() == without_address) attention_ = without_address;
    if (decision.outcome() == v1::RoutingDecision::FULL ||
        decision.outcome() == v1::RoutingDecision::REDUCED) {
      decision.set_recipient_index(content.recipients_size());
      const bool full = decision.outcome() == v1::RoutingDecision::FULL;
      event_
          .add_recipient(recipient_of_member(*routed.member), v1::RECIPIENT_ORIGIN_CIRCLE,
                         full ? stored::TELLING_DOCUMENT : stored::TELLING_REDUCED)
          .set_member_id(decision.member_id());
      if (routed.needs_consent || all_on_consent) event_.on_consent.push_back(decision.recipient_index());
    }
    event_.step.audit.push_back(audit_of(decision));
    *event_.care.add_routing() = std::move(decision);
  }
  return {};
}

Status CirclePlan::close() {
  if (!seams_.remembers()) return {};
  event_.step.at = event_.accepted_at;
  event_.step.tenant = event_.tenant->config.name();
  const bool tells = row_ && row_->attention != attention_;
  if (!changed_ && !tells) {
    // Also a circle that is not there yet: the first thing that it is told may be a withdrawal.
    if (!event_.on_consent.empty()) event_.step.seen.push_back({id_, row_ ? row_->revision : 0});
    return {};
  }
  auto change = CaseBook(*seams_.ledger, *seams_.sealer)
                    .change({circle_kind, event_.step.tenant, id_, event_.event_id}, row_, circle_);
  if (!change.ok()) return std::move(change).error();
  change->attention = attention_;
  // What needs a consent that ends does not leave after its end; one that has ended unnoticed is still due.
  const bool still_due = row_ && row_->wake_at > Instant{} && consent_ended();
  change->wake_at = still_due ? row_->wake_at : care::consent_end(circle_, event_.accepted_at);
  change->person_macs = macs_.both();
  event_.step.cases.push_back(std::move(*change));
  return {};
}

}  // namespace psl
