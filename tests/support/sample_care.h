// Valid events of the kinds that move care, for tests to break one field at a time. Synthetic people, test
// OID.
#pragma once

#include "tests/support/sample_event.h"

namespace psl {

// The sample tenant with what the samples below name.
inline passerelle::v1::Tenant sample_care_tenant() {
  passerelle::v1::Tenant tenant = sample_tenant();
  tenant.set_shared_record("dmp");
  tenant.add_tools("outil");
  tenant.add_fhir_servers("territoire");
  auto& protocol = *tenant.add_protocols();
  protocol.set_id("fragilite");
  protocol.set_version("2");
  protocol.add_criteria()->set_code("PERTE-AUTONOMIE");
  tenant.add_candidate_lists()->set_name("medecins");
  return tenant;
}

// The envelope that they share, with who asks.
inline passerelle::v1::SubmitEventRequest sample_care_envelope(const std::string& key) {
  passerelle::v1::SubmitEventRequest request = sample_request();
  request.set_idempotency_key(key);
  auto& event = *request.mutable_event();
  event.clear_discharge_letter();
  event.clear_recipients();
  fill_professional(*event.mutable_source()->mutable_professional());
  return request;
}

// A cardiologist is asked of two candidates; the requester's own mailbox is kept informed.
inline passerelle::v1::SubmitEventRequest sample_orientation() {
  auto request = sample_care_envelope("orientation-0001");
  auto& event = *request.mutable_event();
  event.add_recipients()->mutable_person()->set_mailbox("claire.modele@medecin.demo.mssante.fr");
  auto& orientation = *event.mutable_orientation();
  orientation.set_kind(passerelle::v1::Orientation::SPECIALIST);
  orientation.set_reason("Dyspnée d'effort.\nAvis demandé.");
  orientation.mutable_specialty()->set_code("SM04");
  orientation.mutable_wanted_from()->set_seconds(sample_now_s);
  orientation.mutable_wanted_before()->set_seconds(sample_now_s + 7 * 86400);
  orientation.add_candidates()->mutable_person()->set_mailbox("zoe.cardio@medecin.demo.mssante.fr");
  orientation.add_candidates()->mutable_tool()->set_name("outil");
  orientation.set_patient_informed(true);
  return request;
}

// A candidate says yes.
inline passerelle::v1::SubmitEventRequest sample_update() {
  auto request = sample_care_envelope("update-0001");
  auto& event = *request.mutable_event();
  event.clear_subject();
  auto& update = *event.mutable_orientation_update();
  update.set_orientation_event_id("11111111-2222-8333-8444-555555555555");
  update.set_proposal_id("0b6f1c9e-7a55-8c3d-9e21-4d5f6a7b8c9d");
  update.set_step(passerelle::v1::OrientationUpdate::ACCEPTED);
  return request;
}

inline void fill_nurse(passerelle::v1::CircleMember& member) {
  member.set_member_id("idel-1");
  member.mutable_person()->set_mailbox("nadege.soin@infirmier.demo.mssante.fr");
  fill_professional(*member.mutable_person()->mutable_professional());
  member.set_role(passerelle::v1::MEMBER_ROLE_NURSE);
  member.set_standing(passerelle::v1::STANDING_HEALTH_PROFESSIONAL);
  member.set_basis(passerelle::v1::MEMBER_BASIS_CARE_TEAM);
}

inline void fill_home_help(passerelle::v1::CircleMember& member) {
  member.set_member_id("saad-1");
  member.mutable_structure()->set_mailbox("planning@saad.demo.mssante.fr");
  fill_organization(*member.mutable_structure()->mutable_organization());
  member.set_role(passerelle::v1::MEMBER_ROLE_HOME_HELP);
  member.set_standing(passerelle::v1::STANDING_SOCIAL_PROFESSIONAL);
  member.set_basis(passerelle::v1::MEMBER_BASIS_CONSENT);
}

// A frail patient enters a parcours with a nurse and a home help.
inline passerelle::v1::SubmitEventRequest sample_enrolment() {
  auto request = sample_care_envelope("enrolment-0001");
  auto& event = *request.mutable_event();
  event.add_recipients()->mutable_fhir_server()->set_name("territoire");
  auto& enrolment = *event.mutable_pathway_enrolment();
  enrolment.set_enrolment_id("PARCOURS-2026-0001");
  enrolment.set_protocol_id("fragilite");
  enrolment.set_protocol_version("2");
  enrolment.set_status(passerelle::v1::PathwayEnrolment::ACTIVE);
  enrolment.add_criteria_met("PERTE-AUTONOMIE");
  enrolment.mutable_start()->set_seconds(sample_now_s - 86400);
  fill_nurse(*enrolment.add_members());
  fill_home_help(*enrolment.add_members());
  enrolment.mutable_consent()->set_decision(passerelle::v1::Consent::GIVEN);
  enrolment.mutable_consent()->mutable_decided_at()->set_seconds(sample_now_s - 86400);
  enrolment.mutable_condition()->set_text("Fragilité");
  enrolment.add_goals("Rester à domicile");
  auto& activity = *enrolment.add_activities();
  activity.set_text("Visite chaque semaine");
  activity.set_member_id("idel-1");
  return request;
}

// A nurse joins, somebody leaves, and the patient consents and objects.
inline passerelle::v1::SubmitEventRequest sample_circle_change() {
  auto request = sample_care_envelope("circle-0001");
  auto& event = *request.mutable_event();
  event.mutable_source()->clear_professional();
  auto& change = *event.mutable_care_circle_change();
  fill_nurse(*change.add_joins());
  change.add_leaves()->set_member_id("kine-1");
  change.mutable_consent()->set_decision(passerelle::v1::Consent::GIVEN);
  change.mutable_consent()->mutable_decided_at()->set_seconds(sample_now_s - 60);
  change.mutable_objection()->add_standings(passerelle::v1::STANDING_OTHER);
  return request;
}

}  // namespace psl
