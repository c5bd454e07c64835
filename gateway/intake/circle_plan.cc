#include "gateway/intake/circle_plan.h"

#include <algorithm>
#include <set>

#include "gateway/care/enrolment.h"
#include "gateway/care/times.h"
#include "gateway/intake/case_book.h"
#include "gateway/intake/kinds.h"
#include "gateway/intake/times.h"

namespace psl {
namespace {

constexpr std::string_view without_address = "MEMBER_WITHOUT_ADDRESS";
constexpr size_t audit_line_bytes = 96;  // of most
constexpr std::string_view circle_subject = "circle";
constexpr int circles_most = 20;

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
  std::string line;
  line.reserve(audit_line_bytes);
  line.append("route member=").append(decision.member_id()).append(" rule=").append(decision.rule());
  return line.append(" outcome=").append(outcome_name(decision.outcome()));
}

// The letter's own document says it, as it was read or written.
v1::Confidentiality confidentiality_now(const PreparedEvent& event) {
  const v1::CoordinationEvent& content = event.request.event();
  return is_letter(content) ? event.header.metadata().confidentiality() : confidentiality_of(content);
}

// The part of an event that is said of the person, whatever the identity it comes under.
v1::CareCircleChange ending_of(const v1::CoordinationEvent& event) {
  v1::CareCircleChange ending;
  if (ends_consent(event)) {
    *ending.mutable_consent() = event.has_pathway_enrolment() ? event.pathway_enrolment().consent()
                                                              : event.care_circle_change().consent();
  }
  const v1::Objection& objection = event.care_circle_change().objection();
  if (event.care_circle_change().has_objection() && !objection.lifted())
    *ending.mutable_objection() = objection;
  return ending;
}

v1::Issue issue_at(std::string path, v1::Issue::Level level, std::string code, std::string text,
                   std::string text_fr) {
  v1::Issue issue;
  issue.set_level(level);
  issue.set_code(std::move(code));
  issue.set_path(std::move(path));
  issue.set_text(std::move(text));
  issue.set_text_fr(std::move(text_fr));
  return issue;
}

bool same_issue(const v1::Issue& a, const v1::Issue& b) {
  return a.code() == b.code() && a.path() == b.path();
}

bool ends(const v1::PathwayEnrolment& enrolment) {
  return enrolment.status() == v1::PathwayEnrolment::FINISHED ||
         enrolment.status() == v1::PathwayEnrolment::CANCELLED;
}

// A protocol that has left the configuration, as far as an end needs it.
v1::Protocol departed_protocol(const v1::PathwayEnrolment& enrolment) {
  v1::Protocol protocol;
  protocol.set_id(enrolment.protocol_id());
  protocol.set_version(enrolment.protocol_version());
  for (const std::string& code : enrolment.criteria_met()) protocol.add_criteria()->set_code(code);
  return protocol;
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

void stop_members(const std::vector<care::LostMember>& lost, const Uuid& circle, CaseStep& step) {
  for (const care::LostMember& one : lost)
    step.stopped_members.push_back(
        {circle_member_id_of(circle, one.member_id), one.objected ? "PATIENT_OBJECTED" : "MEMBERSHIP_ENDED"});
}

Instant next_circle_look(const stored::CircleCase& circle, Instant now) {
  const Instant consent = care::consent_end(circle, now);
  const Instant leave = care::next_leave(circle, now);
  if (consent == Instant{} || leave == Instant{}) return std::max(consent, leave);
  return std::min(consent, leave);
}

void know_circle_by(const PersonMacs& macs, CaseChange& change) {
  change.subject = circle_subject;
  change.shared = true;
  change.person_macs = macs.both();
}

Result<PersonMacs> person_of_case(Ledger& ledger, Sealer& sealer, const CaseRow& row) {
  const auto event = ledger.event(row.event_id);
  if (!event.ok()) return event.error();
  const auto plain = sealer.open(event->tenant, event->key, event->id, content_column, event->content);
  if (!plain.ok()) return plain.error();
  stored::StoredEvent content;
  if (!content.ParseFromString(*plain)) return error_of(ErrorCode::corrupt);
  return person_macs(
      sealer, row.tenant,
      content.header().has_patient() ? content.header().patient() : content.request().event().subject());
}

Result<std::vector<CaseRow>> circles_of_person(Ledger& ledger, std::string_view tenant,
                                               const PersonMacs& macs) {
  return ledger.cases_of_person(tenant, circle_subject, macs.both(), circles_most);
}

bool ends_consent(const v1::CoordinationEvent& event) {
  const v1::Consent::Decision decision = event.has_pathway_enrolment()
                                             ? event.pathway_enrolment().consent().decision()
                                             : event.care_circle_change().consent().decision();
  return decision == v1::Consent::REFUSED || decision == v1::Consent::WITHDRAWN;
}

Status name_circle(PreparedEvent& event, const IntakeSeams& seams) {
  if (is_letter(event.request.event()) || !event.care.circle_id().empty()) return {};
  const std::string& tenant = event.tenant->config.name();
  std::string key = event.event_id.raw();
  if (seams.remembers()) {
    const auto macs = person_macs(*seams.sealer, tenant, event.patient());
    if (!macs.ok()) return macs.error();
    key = macs->key();
  }
  event.care.set_circle_id(case_id_of(circle_kind, tenant, key).raw());
  return {};
}

Status CirclePlan::open() {
  if (!seams_.remembers()) return {};
  const std::string& tenant = event_.tenant->config.name();
  auto macs = person_macs(*seams_.sealer, tenant, event_.patient());
  if (!macs.ok()) return std::move(macs).error();
  macs_ = std::move(*macs);
  id_ = case_id_of(circle_kind, tenant, macs_.key());
  event_.circle_id = id_;
  if (!is_letter(event_.request.event())) event_.care.set_circle_id(id_.raw());
  auto row = CaseBook(*seams_.ledger, *seams_.sealer).read(id_, circle_);
  if (!row.ok()) return std::move(row).error();
  row_ = std::move(*row);
  if (row_) attention_ = row_->attention;
  return {};
}

Status CirclePlan::take(Result<care::CircleStep> step) {
  if (!step.ok()) return std::move(step).error();
  stop_members(care::lost_members(circle_, step->circle, event_.accepted_at), id_, event_.step);
  circle_ = std::move(step->circle);
  circle_.set_order(care::next_order(circle_.order(), event_.accepted_at));
  changed_ = true;
  event_.care.set_circle_known(row_.has_value());
  // At each address the states of one circle leave in their order: a server must not end with the older one.
  if (row_) event_.follows = row_->event_id;
  attention_.clear();
  *event_.care.mutable_circle() =
      care::circle_told(circle_, instant_of(event_.request.event().occurred_at()));
  event_.issues.insert(event_.issues.end(), step->issues.begin(), step->issues.end());
  if (!step->audit.empty()) event_.step.audit.push_back(step->audit);
  if (step->consent_withdrawn) {
    for (const std::string& mac : macs_.both()) event_.step.consent_withdrawn_of.push_back(mac);
  }
  return end_elsewhere(!circle_.memberships().empty());
}

Status CirclePlan::end_elsewhere(bool members_known) {
  const v1::CareCircleChange ending = ending_of(event_.request.event());
  if (!seams_.remembers() || (!ending.has_consent() && !ending.has_objection())) return {};
  const auto rows = circles_of_person(*seams_.ledger, event_.tenant->config.name(), macs_);
  if (!rows.ok()) return rows.error();
  bool elsewhere = false;
  for (const CaseRow& row : *rows) {
    if (row.id == id_) continue;
    std::vector<v1::Issue> issues;
    if (Status ended = end_in(row, ending, issues); !ended.ok()) return ended;
    elsewhere = true;
    // Whom one circle does not have, another may.
    std::erase_if(event_.issues, [&](const v1::Issue& one) {
      return one.code() == "OBJECTION_WITHOUT_MEMBER" &&
             std::ranges::none_of(issues, [&](const v1::Issue& other) { return same_issue(one, other); });
    });
    for (v1::Issue& one : issues) {
      if (one.code() != "CONSENT_NOT_IN_FORCE") continue;
      if (event_.request.event().has_pathway_enrolment())
        one.set_path("event.pathway_enrolment.consent.decided_at");
      if (std::ranges::none_of(event_.issues, [&](const v1::Issue& own) { return same_issue(own, one); }))
        event_.issues.push_back(std::move(one));
    }
  }
  if (elsewhere) {
    event_.issues.push_back(issue_at(
        "event.subject", v1::Issue::LEVEL_INFORMATION, "OTHER_CIRCLE_TOO",
        "the patient has another circle, known by the INS or by the traits: this holds there, too",
        "Ce patient a un autre cercle, connu par l'INS ou par les traits : la décision y vaut aussi."));
  } else if (!members_known) {
    event_.issues.push_back(issue_at(
        "event.subject", v1::Issue::LEVEL_WARNING, "CIRCLE_NOT_KNOWN",
        "no circle of this patient is known under this identity: nothing was there to be stopped",
        "Aucun cercle de soins n'est connu sous cette identité : rien n'a été arrêté. Vérifier l'identité."));
  }
  return {};
}

Status CirclePlan::end_in(const CaseRow& row, const v1::CareCircleChange& ending,
                          std::vector<v1::Issue>& issues) {
  const CaseBook book(*seams_.ledger, *seams_.sealer);
  stored::CircleCase before;
  if (Status opened = book.open(row, before); !opened.ok()) return opened;
  auto macs = person_of_case(*seams_.ledger, *seams_.sealer, row);
  if (!macs.ok()) return std::move(macs).error();
  if (!macs_.traits.empty()) macs->traits = macs_.traits;
  auto step =
      care::change_circle(before, ending, event_.event_id, instant_of(event_.request.event().occurred_at()));
  if (!step.ok()) return std::move(step).error();
  step->circle.set_order(care::next_order(before.order(), event_.accepted_at));
  auto change =
      book.change({circle_kind, event_.tenant->config.name(), row.id, event_.event_id}, row, step->circle);
  if (!change.ok()) return std::move(change).error();
  know_circle_by(*macs, *change);
  stop_members(care::lost_members(before, step->circle, event_.accepted_at), row.id, event_.step);
  if (step->consent_withdrawn) {
    for (const std::string& mac : macs->both()) event_.step.consent_withdrawn_of.push_back(mac);
  }
  event_.step.cases.push_back(std::move(*change));
  issues = std::move(step->issues);
  return keep_objections(step->circle, row.id, *macs);
}

Status CirclePlan::keep_objections(const stored::CircleCase& circle, const Uuid& id, const PersonMacs& macs) {
  // Who objected once may have lifted it: then nobody is left.
  if (circle.objections().empty()) return {};
  ObjectedTo objected;
  objected.circle = id;
  for (const v1::CircleMember* member : care::objected_members(circle)) {
    const std::string mailbox = mailbox_of(recipient_of_member(*member));
    if (mailbox.empty()) continue;
    auto mac = seams_.sealer->mac(event_.tenant->config.name(), "address", mailbox);
    if (!mac.ok()) return std::move(mac).error();
    objected.address_macs.push_back(std::move(*mac));
  }
  for (const std::string& mac : macs.both()) {
    objected.patient_mac = mac;
    if (!mac.empty()) event_.step.objected_to.push_back(objected);
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
  const v1::Protocol departed = departed_protocol(enrolment);
  if (protocol == nullptr && row && ends(enrolment) &&
      before.enrolment().protocol_version() == enrolment.protocol_version()) {
    protocol = &departed;
    event_.issues.push_back(issue_at(
        "event.pathway_enrolment.protocol_version", v1::Issue::LEVEL_WARNING, "PROTOCOL_NOT_CONFIGURED",
        "the protocol has left the configuration: its title and its canonical are not told any more",
        "Ce parcours n'est plus configuré : son intitulé et son identifiant ne sont plus transmis."));
  }
  if (protocol == nullptr)
    return field_error("event.pathway_enrolment.protocol_version",
                       "a protocol and a version of the tenant's configuration expected");
  describe_protocol(*protocol, enrolment, event_.care);
  const Uuid id = enrolment_id(comparable);
  event_.care.set_enrolment_id(id.raw());
  const Instant at = instant_of(content.occurred_at());
  auto step = care::enrol(row ? &before : nullptr, enrolment, content.subject(), *protocol, event_.event_id,
                          at, event_.tenant->offset_at);
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
  *event_.care.mutable_enrolment_history() = std::move(*step->state.mutable_history());
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

bool CirclePlan::goes_to_members() const {
  return std::ranges::any_of(event_.care.routed(), [](const auto& one) { return !one.member_id().empty(); });
}

Status CirclePlan::close() {
  if (!seams_.remembers()) return {};
  event_.step.at = event_.accepted_at;
  event_.step.tenant = event_.tenant->config.name();
  const bool tells = row_ && row_->attention != attention_;
  if (!changed_ && !tells) {
    // Also a circle that is not there yet: the first thing that it is told may be a withdrawal.
    if (!event_.on_consent.empty() || goes_to_members())
      event_.step.seen.push_back({id_, row_ ? row_->revision : 0});
    return {};
  }
  auto change = CaseBook(*seams_.ledger, *seams_.sealer)
                    .change({circle_kind, event_.step.tenant, id_, event_.event_id}, row_, circle_);
  if (!change.ok()) return std::move(change).error();
  change->attention = attention_;
  // What needs a consent that ends does not leave after its end; one that has ended unnoticed is still due.
  const bool still_due = row_ && row_->wake_at > Instant{} && consent_ended();
  change->wake_at = still_due ? row_->wake_at : next_circle_look(circle_, event_.accepted_at);
  if (changed_) {
    if (Status kept = keep_objections(circle_, id_, macs_); !kept.ok()) return kept;
  } else {
    // In place of the clock, whose time may have come.
    stop_members(care::lost_members(circle_, circle_, event_.accepted_at), id_, event_.step);
  }
  know_circle_by(macs_, *change);
  event_.step.cases.push_back(std::move(*change));
  return {};
}

}  // namespace psl
