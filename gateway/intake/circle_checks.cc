#include "gateway/intake/circle_checks.h"

#include <algorithm>
#include <set>

#include "gateway/intake/document_checks.h"
#include "gateway/intake/recipient_checks.h"
#include "gateway/intake/text_checks.h"
#include "gateway/intake/times.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;
using Enrolment = v1::PathwayEnrolment;

constexpr size_t id_most = 64;
constexpr int members_most = 30;
constexpr int named_most = 100;
constexpr int standings_most = 3;
constexpr int criteria_most = 100;
constexpr int plan_most = 20;
constexpr size_t text_most = 500;
constexpr Span clocks_differ = seconds(5 * 60);

bool outside_health(v1::MemberRole role) {
  return role == v1::MEMBER_ROLE_SOCIAL_WORKER || role == v1::MEMBER_ROLE_HOME_HELP ||
         role == v1::MEMBER_ROLE_ADAPTED_ACTIVITY_TEACHER || role == v1::MEMBER_ROLE_OTHER;
}

// The mailbox, or nothing.
std::string check_member(const v1::CircleMember& member, const v1::Tenant& tenant, const std::string& path,
                         FaultList& faults) {
  const bool health = member.standing() == v1::STANDING_HEALTH_PROFESSIONAL;
  check_token(member.member_id(), true, id_most, path + ".member_id", faults);
  const std::string mailbox = check_member_target(member, tenant, health, path, faults);
  if (member.role() == v1::MEMBER_ROLE_UNSPECIFIED) faults.add(path + ".role", "required");
  if (member.standing() == v1::STANDING_UNSPECIFIED) faults.add(path + ".standing", "required");
  if (health && outside_health(member.role()))
    faults.add(path + ".standing", "STANDING_HEALTH_PROFESSIONAL does not go with this role");
  if (member.basis() == v1::MEMBER_BASIS_UNSPECIFIED) faults.add(path + ".basis", "required");
  check_period(member, false, path, faults);
  return mailbox;
}

// No two are one person; `one_mailbox`: no two with the same mailbox. Returns their identifiers.
std::set<std::string> check_members(const google::protobuf::RepeatedPtrField<v1::CircleMember>& members,
                                    const v1::Tenant& tenant, bool one_mailbox, const std::string& path,
                                    FaultList& faults) {
  std::set<std::string> ids;
  std::set<std::string> mailboxes;
  std::set<std::string> people;
  check_list(members, members_most, path, faults,
             [&](const v1::CircleMember& member, const std::string& here) {
               const std::string mailbox = check_member(member, tenant, here, faults);
               if (!member.member_id().empty() && !ids.insert(member.member_id()).second)
                 faults.add(here + ".member_id", "a member_id that no earlier member has expected");
               const std::string& person = member.person().professional().national_id();
               if (!person.empty() && !people.insert(person).second)
                 faults.add(here + ".person.professional.national_id",
                            "one that no earlier member has expected: one person is one member");
               if (one_mailbox && !mailbox.empty() && !mailboxes.insert(mailbox).second)
                 faults.add(here, "the same address as an earlier member");
             });
  return ids;
}

void check_consent(const v1::Consent& consent, Instant now, const std::string& path, FaultList& faults) {
  if (consent.decision() == v1::Consent::DECISION_UNSPECIFIED) faults.add(path + ".decision", "required");
  check_past(consent.has_decided_at(), consent.decided_at(), true, now, path + ".decided_at", faults);
  // One of the future would outdo the withdrawal that comes now. What ends the consent is always taken.
  if (consent.decision() == v1::Consent::GIVEN && consent.has_decided_at() &&
      in_range(consent.decided_at()) && instant_of(consent.decided_at()) > now + clocks_differ &&
      instant_of(consent.decided_at()) <= now + seconds(86400)) {
    faults.add(path + ".decided_at",
               "with GIVEN, at most 5 minutes after the submission expected: is its time zone right?");
  }
  const bool expires =
      check_time(consent.has_expires_at(), consent.expires_at(), false, path + ".expires_at", faults);
  check_order(expires && consent.has_decided_at() && in_range(consent.decided_at()), consent.decided_at(),
              consent.expires_at(), "decided_at", path + ".expires_at", faults);
  if (consent.has_expires_at() && consent.decision() != v1::Consent::GIVEN)
    faults.add(path + ".expires_at", "with GIVEN only");
}

void check_objection(const v1::Objection& objection, const std::string& path, FaultList& faults) {
  if (objection.member_ids_size() == 0 && objection.standings_size() == 0)
    faults.add(path, "at least one of member_ids and standings is required");
  check_list(
      objection.member_ids(), named_most, path + ".member_ids", faults,
      [&](const std::string& id, const std::string& here) { check_token(id, true, id_most, here, faults); });
  check_list(objection.standings(), standings_most, path + ".standings", faults,
             [&](int standing, const std::string& here) {
               if (standing == v1::STANDING_UNSPECIFIED) faults.add(here, "a standing expected");
             });
}

void check_protocol(const Enrolment& enrolment, const v1::Tenant& tenant, const std::string& path,
                    FaultList& faults) {
  check_config_name(enrolment.protocol_id(), path + ".protocol_id", faults);
  check_token(enrolment.protocol_version(), true, 20, path + ".protocol_version", faults);
  if (enrolment.protocol_id().empty() || enrolment.protocol_version().empty()) return;
  // What is known under a protocol may end after the protocol has left the configuration.
  if (enrolment.status() == Enrolment::FINISHED || enrolment.status() == Enrolment::CANCELLED) return;
  bool known = false;
  for (const v1::Protocol& protocol : tenant.protocols()) {
    if (protocol.id() != enrolment.protocol_id()) continue;
    known = true;
    if (protocol.version() == enrolment.protocol_version()) return;
  }
  if (known) {
    faults.add(path + ".protocol_version",
               "a version of this protocol in the tenant's configuration expected");
  } else {
    faults.add(path + ".protocol_id", "a protocol of the tenant's configuration expected");
  }
}

bool criterion_ok(const std::string& code) {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return !code.empty() && code.size() <= 40 && code.find_first_not_of(allowed) == std::string::npos;
}

void check_criteria(const Enrolment& enrolment, const std::string& path, FaultList& faults) {
  std::set<std::string> seen;
  check_list(enrolment.criteria_met(), criteria_most, path, faults,
             [&](const std::string& code, const std::string& here) {
               if (!criterion_ok(code)) {
                 faults.add(here, "1 to 40 characters of A-Z, 0-9, _ and - expected");
               } else if (!seen.insert(code).second) {
                 faults.add(here, "a criterion that the list does not hold yet expected");
               }
             });
}

// Dates and reason, as the status wants them.
void check_course(const Enrolment& enrolment, Instant now, const std::string& path, FaultList& faults) {
  const auto status = enrolment.status();
  if (status == Enrolment::STATUS_UNSPECIFIED) faults.add(path + ".status", "required");
  const bool finished = status == Enrolment::FINISHED;
  const bool ended = finished || status == Enrolment::CANCELLED;
  // One that never began has no start to tell.
  const bool began = finished || status == Enrolment::ACTIVE || status == Enrolment::ON_HOLD;
  check_period(enrolment, began, path, faults);
  if (began && enrolment.has_start() && in_range(enrolment.start()))
    check_past(true, enrolment.start(), true, now, path + ".start", faults);
  if (finished && enrolment.has_end() && in_range(enrolment.end()))
    check_past(true, enrolment.end(), true, now, path + ".end", faults);
  if (finished && !enrolment.has_end()) faults.add(path + ".end", "required with FINISHED");
  if (!ended && enrolment.has_end()) faults.add(path + ".end", "with FINISHED or CANCELLED only");
  const bool reason = enrolment.end_reason() != Enrolment::END_REASON_UNSPECIFIED;
  if (ended && !reason) faults.add(path + ".end_reason", "required with FINISHED and CANCELLED");
  if (!ended && reason) faults.add(path + ".end_reason", "with FINISHED or CANCELLED only");
}

void check_plan(const Enrolment& enrolment, const std::set<std::string>& members, const std::string& path,
                FaultList& faults) {
  if (enrolment.has_condition()) {
    check_line(enrolment.condition().text(), 1, text_most, path + ".condition.text", faults);
    check_codings(enrolment.condition().codes(), path + ".condition.codes", faults);
  }
  check_list(enrolment.goals(), plan_most, path + ".goals", faults,
             [&](const std::string& goal, const std::string& here) {
               check_line(goal, 1, text_most, here, faults);
             });
  check_list(enrolment.activities(), plan_most, path + ".activities", faults,
             [&](const v1::PlannedActivity& activity, const std::string& here) {
               check_line(activity.text(), 1, text_most, here + ".text", faults);
               if (!activity.member_id().empty() && !members.contains(activity.member_id()))
                 faults.add(here + ".member_id", "a member_id of members expected");
               check_time(activity.has_planned_at(), activity.planned_at(), false, here + ".planned_at",
                          faults);
             });
}

void check_leaves(const v1::CareCircleChange& change, const std::set<std::string>& joins,
                  const std::string& path, FaultList& faults) {
  std::set<std::string> seen;
  check_list(change.leaves(), named_most, path, faults, [&](const v1::Leave& leave, const std::string& here) {
    check_token(leave.member_id(), true, id_most, here + ".member_id", faults);
    check_time(leave.has_at(), leave.at(), false, here + ".at", faults);
    if (leave.member_id().empty()) return;
    if (joins.contains(leave.member_id()))
      faults.add(here + ".member_id", "somebody who does not join in the same event expected");
    if (!seen.insert(leave.member_id()).second)
      faults.add(here + ".member_id", "a member_id that no earlier leave has expected");
  });
}

}  // namespace

void check_enrolment(const v1::CoordinationEvent& event, const v1::Tenant& tenant, Instant now,
                     FaultList& faults) {
  const Enrolment& enrolment = event.pathway_enrolment();
  const std::string path = "event.pathway_enrolment";
  check_token(enrolment.enrolment_id(), true, id_most, path + ".enrolment_id", faults);
  check_protocol(enrolment, tenant, path, faults);
  check_course(enrolment, now, path, faults);
  check_criteria(enrolment, path + ".criteria_met", faults);
  const auto members = check_members(enrolment.members(), tenant, true, path + ".members", faults);
  if (enrolment.has_consent()) check_consent(enrolment.consent(), now, path + ".consent", faults);
  check_plan(enrolment, members, path, faults);
  if (enrolment.has_metadata()) check_metadata_given(enrolment.metadata(), now, path + ".metadata", faults);
}

void check_circle_change(const v1::CoordinationEvent& event, const v1::Tenant& tenant, Instant now,
                         FaultList& faults) {
  const v1::CareCircleChange& change = event.care_circle_change();
  const std::string path = "event.care_circle_change";
  const bool empty = change.joins_size() == 0 && change.leaves_size() == 0 && !change.has_consent() &&
                     !change.has_objection();
  if (empty) faults.add(path, "at least one of joins, leaves, consent and objection is required");
  const auto joins = check_members(change.joins(), tenant, false, path + ".joins", faults);
  check_leaves(change, joins, path + ".leaves", faults);
  if (change.has_consent()) check_consent(change.consent(), now, path + ".consent", faults);
  if (change.has_objection()) check_objection(change.objection(), path + ".objection", faults);
  if (change.has_metadata()) check_metadata_given(change.metadata(), now, path + ".metadata", faults);
}

}  // namespace psl
